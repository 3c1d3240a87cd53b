"""formats   how Django itself writes dates"""
