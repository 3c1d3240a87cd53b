"""The floor under all apps: it knows Django, the frameworks and PostgreSQL, and none of the apps.

database            the asynchronous connection pool of the inference path
errors              the one shape of every error under /v1
error_pages         Django's own error views in that shape
middleware          a request id on every answer
keyset_pagination   admin lists of any length
rest/               REST framework in that shape
"""
