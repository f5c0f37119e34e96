"""SQL functions by name: `lookup`.  Modules are loaded when one of their functions is first asked for."""

from __future__ import annotations

import importlib

from minidb.query.functions.registry import REGISTRY, FunctionSpec

__all__ = ["FunctionSpec", "function_names", "lookup"]

MODULES: dict[str, str] = {
    "control": "IF IFNULL NVL NVL2 NULLIF COALESCE ISNULL INTERVAL GREATEST LEAST",
    "strings": (
        "CONCAT CONCAT_WS LENGTH OCTET_LENGTH BIT_LENGTH CHAR_LENGTH CHARACTER_LENGTH UPPER UCASE LOWER LCASE SUBSTRING "
        "SUBSTR MID LEFT RIGHT TRIM LTRIM RTRIM LPAD RPAD REPLACE REPEAT REVERSE INSERT SPACE SUBSTRING_INDEX ELT"
    ),
    "search": (
        "INSTR LOCATE POSITION FIELD FIND_IN_SET STRCMP REGEXP_REPLACE REGEXP_INSTR REGEXP_SUBSTR MAKE_SET EXPORT_SET "
        "SOUNDEX"
    ),
    "encoding": (
        "ASCII ORD CHAR CHR HEX UNHEX BIN OCT CONV FORMAT QUOTE MD5 SHA SHA1 SHA2 CRC32 TO_BASE64 FROM_BASE64 INET_ATON "
        "INET_NTOA BIT_COUNT UUID"
    ),
    "numbers": (
        "ABS CEIL CEILING FLOOR ROUND TRUNCATE MOD POW POWER SQRT EXP LN LOG LOG2 LOG10 SIGN PI SIN COS TAN COT ASIN "
        "ACOS ATAN ATAN2 DEGREES RADIANS RAND"
    ),
    "clock": (
        "NOW CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP SYSDATE CURDATE CURRENT_DATE CURTIME CURRENT_TIME UTC_DATE "
        "UTC_TIME UTC_TIMESTAMP UNIX_TIMESTAMP FROM_UNIXTIME"
    ),
    "dates": (
        "DATE TIME TIMESTAMP YEAR MONTH DAY DAYOFMONTH HOUR MINUTE SECOND MICROSECOND DAYNAME MONTHNAME DAYOFWEEK "
        "DAYOFYEAR WEEKDAY WEEK WEEKOFYEAR YEARWEEK QUARTER LAST_DAY TO_DAYS FROM_DAYS TO_SECONDS MAKEDATE MAKETIME "
        "SEC_TO_TIME TIME_TO_SEC EXTRACT PERIOD_ADD PERIOD_DIFF"
    ),
    "intervals": "DATE_ADD DATE_SUB ADDDATE SUBDATE TIMESTAMPADD TIMESTAMPDIFF DATEDIFF TIMEDIFF ADDTIME SUBTIME",
    "date_format": "DATE_FORMAT TIME_FORMAT STR_TO_DATE GET_FORMAT",
    "info": (
        "VERSION DATABASE SCHEMA USER CURRENT_USER SESSION_USER SYSTEM_USER CURRENT_ROLE CONNECTION_ID LAST_INSERT_ID "
        "ROW_COUNT FOUND_ROWS CHARSET COLLATION COERCIBILITY SLEEP"
    ),
    "json_values": (
        "JSON_EXTRACT JSON_UNQUOTE JSON_QUOTE JSON_OBJECT JSON_ARRAY JSON_VALID JSON_LENGTH JSON_KEYS JSON_TYPE "
        "JSON_DEPTH JSON_VALUE JSON_CONTAINS JSON_CONTAINS_PATH"
    ),
    "json_changes": (
        "JSON_SET JSON_INSERT JSON_REPLACE JSON_REMOVE JSON_MERGE JSON_MERGE_PRESERVE JSON_MERGE_PATCH "
        "JSON_ARRAY_APPEND JSON_COMPACT"
    ),
}
_HOME = {name: module for module, names in MODULES.items() for name in names.split()}


def lookup(name: str) -> FunctionSpec | None:
    """The function called `name` (any case), or None."""
    upper = name.upper()
    module = _HOME.get(upper)
    if module is None:
        return None
    if upper not in REGISTRY:
        importlib.import_module(f"{__name__}.{module}")
    return REGISTRY[upper]


def function_names() -> list[str]:
    """All function names, sorted."""
    return sorted(_HOME)
