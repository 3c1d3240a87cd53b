"""/v1/credits, by REST framework.

balance    what is there, and what is held of it
history    what came and went, a page at a time
keys       what each key has spent
document   the OpenAPI document of accounts and credits
"""
