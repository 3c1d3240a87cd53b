"""Django's classes that take a type parameter: `class SignUpPage(FormView[SignUpForm])`.

django-stubs makes them generic for mypy. Django's own take no parameter, so at run time each of these ignores it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as ModelAdmin
    from django.contrib.admin import TabularInline as TabularInline
    from django.forms import ModelForm as ModelForm
    from django.views.generic import FormView as FormView
    from django.views.generic.edit import FormMixin as FormMixin
else:
    from django import forms
    from django.contrib import admin
    from django.views import generic

    class Parametrised:
        def __class_getitem__(cls, parameters: Any) -> type:
            return cls

    class ModelAdmin(Parametrised, admin.ModelAdmin):
        pass

    class TabularInline(Parametrised, admin.TabularInline):
        pass

    class ModelForm(Parametrised, forms.ModelForm):
        pass

    class FormView(Parametrised, generic.FormView):
        pass

    class FormMixin(Parametrised, generic.edit.FormMixin):
        pass
