"""Devices without a browser of their own: they show a code, and a person enters it elsewhere (RFC 8628).

Here a device begins and a person decides; `grants/device_code.py` gives the device its tokens.
"""
