"""Money's way in and out, written by requests: held before, charged after.

quotes              what a request may cost
settlement          admit and settle
spool               settlements that wait for the database, on disk
token_counting      counting tokens without asking anybody
token_calibration   how a model's tokens compare with o200k's
"""
