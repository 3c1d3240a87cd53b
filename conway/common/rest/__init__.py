"""What REST framework views share.

errors      its exceptions in our shape
fields      fields that take what the documents say and nothing that resembles it
json_body   a body that is JSON, and an object
schema      what the OpenAPI documents say of errors and the Authorization header
"""
