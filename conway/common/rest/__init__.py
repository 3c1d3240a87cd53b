"""What REST framework views share: errors in our shape, strict fields, JSON bodies, schema of errors."""
