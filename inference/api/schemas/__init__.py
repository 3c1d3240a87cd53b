"""What the inference API answers, as its OpenAPI document says it. Each format writes its completions itself.

formats     Responses and Messages: what is asked, what is answered
models      the model list, and prices
estimates   what a completion would cost
receipts    what one did cost
limits      how many may run, and how many do
errors      the documented shape
fields      decimals as strings
"""
