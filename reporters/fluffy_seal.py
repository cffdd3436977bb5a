"""Sealed lines, as in seal.cjs: how a report leaves the sandbox. Import it before any code of the project runs."""
import hashlib
import hmac
import json
import os


def take():
    """Reads the key from standard input; returns a function that writes values as sealed lines to standard output."""
    key = b""
    while True:
        part = os.read(0, 65536)
        if not part:
            break
        key += part
    key = key.strip()
    descriptor = os.dup(1)
    number = 0
    dumps, sign, sha256, send = json.dumps, hmac.new, hashlib.sha256, os.write

    def write(value):
        nonlocal number
        if not key:
            return
        text = dumps(value)
        mac = sign(key, ("%d:%s" % (number, text)).encode(), sha256).hexdigest()
        data = ("\n\x1ffluffy:%d:%s:%s\n" % (number, mac, text)).encode()
        number += 1
        while data:
            data = data[send(descriptor, data):]

    return write
