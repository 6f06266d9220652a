"""Checks an exported log and proofs of its entries with aics-tlog, which is not ours (R10.5, R1.10).

Arguments: the program, a folder with a sample log. Ends with 1 and a sentence at the first thing that is not as it should be.
"""

import base64
import shutil
import subprocess
import sys
from pathlib import Path

from aics_tlog import (
    FileSystemTileReader,
    consistency_proof_from_tiles,
    parse_note,
    parse_vkey,
    verify_checkpoint,
    verify_consistency,
    verify_leaf_inclusion,
)
from aics_tlog.verified import audit_tiles

PROGRAM, FOLDER = sys.argv[1], Path(sys.argv[2])
LOG = FOLDER / "log"


def expect(holds, what):
    if not holds:
        sys.exit(f"outside: {what}")


def key(name):
    return parse_vkey((FOLDER / name).read_text().strip())


def trusted(note, quorum):
    """The checkpoint of a note, if the log and so many of both witnesses have signed it."""
    result = verify_checkpoint(parse_note(note), key("log.vkey"), [key("w1.vkey"), key("w2.vkey")], quorum=quorum)
    expect(result.ok, f"checkpoint refused: {result}")
    return result


def audit(folder):
    """Reads every hash and every entry, and compares them with the signed root."""
    newest = trusted((folder / "checkpoint").read_bytes(), 2)
    audit_tiles(FileSystemTileReader(folder), newest.size, newest.root)
    return newest


newest = audit(LOG)

# The log continues what it was when the older checkpoint was signed.
reader = FileSystemTileReader(LOG)
(older_path,) = (LOG / "checkpoints").iterdir()
older = trusted(older_path.read_bytes(), 0)
proof = consistency_proof_from_tiles(reader, older.size, newest.size)
expect(verify_consistency(older.size, newest.size, older.root, newest.root, proof), "no consistency")

# Proofs that we make, read as C2SP tlog-proof says.
for index in (0, 1, 255, 256, newest.size // 2, newest.size - 1):
    made = subprocess.run([PROGRAM, "ledger", "prove", str(LOG), str(index)], capture_output=True, check=True).stdout
    head, note = made.split(b"\n\n", 1)
    first, extra, at, *hashes = head.decode().split("\n")
    expect(first == "c2sp.org/tlog-proof@v1" and at == f"index {index}", f"proof of {index}: {first}, {at}")
    signed = trusted(note, 2)
    entry = base64.b64decode(extra.removeprefix("extra "), validate=True)
    path = [base64.b64decode(line, validate=True) for line in hashes]
    expect(verify_leaf_inclusion(entry, index, signed.size, path, signed.root), f"entry {index} is not in the log")
    expect(not verify_leaf_inclusion(entry + b" ", index, signed.size, path, signed.root), "it believes anything")

# It finds what was changed, so that the above says something.
for name in ("tile/entries/000", "tile/0/001", "checkpoint"):
    changed = FOLDER / "changed"
    shutil.copytree(LOG, changed)
    content = bytearray((changed / name).read_bytes())
    content[40] ^= 1
    (changed / name).write_bytes(content)
    try:
        audit(changed)
    except (Exception, SystemExit):
        pass
    else:
        sys.exit(f"outside: a change of {name} was not seen")
    shutil.rmtree(changed)

print(f"{newest.size} entries, {len(newest.witnesses)} witnesses, proofs and consistency: found sound by aics-tlog")
