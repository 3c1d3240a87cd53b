"""The wire to the providers.

client             asks: shares of connections, time, and what trouble means
keys               a provider's keys take turns; one that was refused rests
wire               HTTP/1.1 over them, as an httpx transport
routes             how a connection comes about: proxies, addresses, TLS
outages            why one could not be asked, for the log
providers          who they are, and their keys
content_encoding   compressed answers, decoded in bounded pieces
idle_timeout       a bound on silence, with one timer
image_fetch        images by https, for providers that fetch none
"""
