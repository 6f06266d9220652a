"""A straightforward checker of 第6表 予定 (UPPLAN, 202407), for comparison of speed only.

What one would write first: decode the file as cp932, split it with csv, look at each of the 25 columns. It knows neither
the other sheets nor the rules between rows, so it does less than the checks it is compared with.

    python3 xtask/compare/check.py UPPLAN_….CSV
"""

import csv
import re
import sys
import time
from datetime import datetime

SERVICE_CODE = re.compile(r"[0-9A-Z]{6}")
OFFICE = re.compile(r"[0-9A-Z]{10}")
INSURED = re.compile(r"(?:H[0-9]{9}|[0-9]{10})")
TIME = re.compile(r"(?:(?:[01][0-9]|2[0-3])[0-5][0-9]|2400|9999)")
DAYS = re.compile(r"[01]{31}")
INTEGER = re.compile(r"-?[0-9]+")


def month(text):
    datetime.strptime(text, "%Y%m")
    return True


def day(text):
    datetime.strptime(text, "%Y%m%d")
    return True


def digits(length):
    return re.compile(rf"[0-9]{{{length}}}").fullmatch


# One entry a column: required, longest, what it must look like.
COLUMNS = [
    (True, 6, lambda text: text == "202407"),
    (True, 6, digits(6)),
    (True, 10, INSURED.fullmatch),
    (True, 8, day),
    (True, 6, month),
    (True, 10, OFFICE.fullmatch),
    (False, None, None),
    (True, 6, INTEGER.fullmatch),
    (False, 5, INTEGER.fullmatch),
    (True, 8, day),
    (False, 31, DAYS.fullmatch),
    (True, 4, TIME.fullmatch),
    (True, 4, TIME.fullmatch),
    (True, 2, INTEGER.fullmatch),
    (True, 6, SERVICE_CODE.fullmatch),
    (False, 12, None),
    (False, 12, None),
    (False, None, None),
    (False, 3, INTEGER.fullmatch),
    (True, 10, OFFICE.fullmatch),
    (False, None, None),
    (False, 2, None),
    (True, 1, lambda text: text in "01"),
    (False, 10, OFFICE.fullmatch),
    (False, 1, lambda text: False),
]


def check(path):
    findings = []
    with open(path, encoding="cp932", newline="") as file:
        for number, row in enumerate(csv.reader(file), 1):
            if len(row) != len(COLUMNS):
                findings.append((number, None, "columns"))
                continue
            for column, (text, (required, longest, form)) in enumerate(zip(row, COLUMNS), 1):
                if not text:
                    if required:
                        findings.append((number, column, "empty"))
                    continue
                if longest and len(text) > longest:
                    findings.append((number, column, "length"))
                if form:
                    try:
                        sound = form(text)
                    except ValueError:
                        sound = False
                    if not sound:
                        findings.append((number, column, "form"))
    return number, findings


if __name__ == "__main__":
    import os

    size = os.path.getsize(sys.argv[1])
    start = time.perf_counter()
    rows, findings = check(sys.argv[1])
    seconds = time.perf_counter() - start
    print(f"{rows} rows, {len(findings)} findings, {size / 1e6 / seconds:.1f} MB/s")
