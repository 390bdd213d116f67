# SPDX-License-Identifier: BSL-1.0
# Copyright the Strata authors
#
# What Python says about the same assets: python3 make.py checks assets.txt and strings.txt, which node wrote, line by line,
# and writes msgpack.txt: assets as JSON, a tab, and their MessagePack as hex, packed here by the specification.
import json
import pathlib
import struct

here = pathlib.Path(__file__).parent


def dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pack(value):
    if isinstance(value, int):
        for tag, form, low, high in (
            (None, "B", 0, 0x7F), (0xCC, "B", 0, 0xFF), (0xCD, ">H", 0, 0xFFFF), (0xCE, ">I", 0, 0xFFFFFFFF),
            (None, "b", -32, -1), (0xD0, "b", -0x80, -1), (0xD1, ">h", -0x8000, -1), (0xD2, ">i", -0x80000000, -1),
        ):
            if low <= value <= high:
                return (bytes([tag]) if tag else b"") + struct.pack(form, value)
    if isinstance(value, str):
        text = value.encode()
        size = len(text)
        if size < 32:
            return bytes([0xA0 | size]) + text
        if size < 0x100:
            return struct.pack(">BB", 0xD9, size) + text
        return struct.pack(">BH", 0xDA, size) + text
    if isinstance(value, dict):
        size = len(value)
        head = bytes([0x80 | size]) if size < 16 else struct.pack(">BH", 0xDE, size)
        return head + b"".join(pack(k) + pack(v) for k, v in value.items())
    raise TypeError(value)


packed = []
for line in (here / "assets.txt").read_bytes().decode().rstrip("\n").split("\n"):
    loose, strict = line.split("\t")
    asset = json.loads(strict)
    known = {k: v for k, v in json.loads(loose).items() if k in asset}
    assert all(asset[k] == v for k, v in known.items()), line
    keys = list(asset["metadata"])
    assert keys == sorted(keys, key=lambda k: k.encode("utf-16-be")) or any(k.isdigit() for k in keys), line
    assert dumps(asset) == strict, line
    packed.append(f"{strict}\t{pack(asset).hex()}")
for line in (here / "strings.txt").read_bytes().decode().rstrip("\n").split("\n"):
    exact, quoted = line.split("\t")
    assert dumps(bytes.fromhex(exact).decode()) == quoted, line
(here / "msgpack.txt").write_bytes(("\n".join(packed) + "\n").encode())
