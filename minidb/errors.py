"""Every error that leaves minidb: PEP 249 class, MySQL number, SQLSTATE, and what had been undone when it was raised.

    Warning
    Error
      InterfaceError             misuse of the Python API (closed cursor, bad parameter count)
      DatabaseError
        DataError                1264 1366 1406 1292 1365 ... : a value does not fit
        OperationalError         1205 1213 1040 1317 ... : the engine, a lock, a file
        IntegrityError           1062 1048 1451 1452 ... : a constraint
        InternalError            a broken invariant of minidb itself
        ProgrammingError         1064 1054 1146 1046 ... : the statement is wrong
        NotSupportedError        1235 ... : valid MySQL that minidb does not speak (yet)

The mapping of numbers to classes is PyMySQL's, so that code written for one catches the same errors from the other.
Raise with ``SqlError.of(code, *args)``: it picks class, SQLSTATE, symbol and message text from `TABLE`.
"""

from __future__ import annotations

import enum
from typing import Any


class RolledBack(enum.Enum):
    """What the engine had undone by the time an error reached the caller."""

    NOTHING = "nothing"
    STATEMENT = "statement"
    TRANSACTION = "transaction"


class Warning(Exception):
    """PEP 249 Warning: a value was changed on its way in."""


class Error(Exception):
    """Base of all errors.  `args` is ``(code, message)`` as PyMySQL has it; `rolled_back` says what was undone."""

    code: int = 0
    sqlstate: str = "HY000"
    symbol: str = "ER_UNKNOWN_ERROR"
    rolled_back: RolledBack = RolledBack.STATEMENT

    @property
    def message(self) -> str:
        return str(self.args[-1]) if self.args else ""


class InterfaceError(Error):
    pass


class DatabaseError(Error):
    pass


class DataError(DatabaseError):
    pass


class OperationalError(DatabaseError):
    pass


class IntegrityError(DatabaseError):
    pass


class InternalError(DatabaseError):
    pass


class ProgrammingError(DatabaseError):
    pass


class NotSupportedError(DatabaseError):
    pass


class SqlSyntaxError(ProgrammingError):
    """1064 with the place: `line` and `column` count from 1; `caret()` shows the line with a ``^`` under it."""

    def __init__(self, code: int, message: str, text: str = "", position: int = 0) -> None:
        super().__init__(code, message)
        self.text = text
        self.position = position
        self.line = text.count("\n", 0, position) + 1
        self.column = position - (text.rfind("\n", 0, position) + 1) + 1

    def caret(self) -> str:
        """The offending line of the statement and a caret under the offending place."""
        lines = self.text.split("\n")
        line = lines[self.line - 1] if self.line <= len(lines) else ""
        pad = "".join("\t" if c == "\t" else " " for c in line[: self.column - 1])
        return f"{line}\n{pad}^"


class CorruptPageError(OperationalError):
    """A page failed its checksum or does not say what its place demands: table, page number and file are named."""


# code -> (symbol, sqlstate, class, message format with {} placeholders).  Texts follow MariaDB 10.11's share/errmsg-utf8.txt
# in meaning; the recorded scenarios hold the wording of those they meet.
_D, _O, _I, _P, _N = DataError, OperationalError, IntegrityError, ProgrammingError, NotSupportedError
TABLE: dict[int, tuple[str, str, type[Error], str]] = {
    1005: ("ER_CANT_CREATE_TABLE", "HY000", _O, "Can't create table `{}`.`{}` (errno: {} \"{}\")"),
    1006: ("ER_CANT_CREATE_DB", "HY000", _O, "Can't create database '{}' (errno: {})"),
    1007: ("ER_DB_CREATE_EXISTS", "HY000", _P, "Can't create database '{}'; database exists"),
    1008: ("ER_DB_DROP_EXISTS", "HY000", _O, "Can't drop database '{}'; database doesn't exist"),
    1015: ("ER_CANT_LOCK", "HY000", _O, "Can't lock file '{}' (errno: {})"),
    1016: ("ER_CANT_OPEN_FILE", "HY000", _O, "Can't open file: '{}' (errno: {})"),
    1017: ("ER_FILE_NOT_FOUND", "HY000", _O, "Can't find file: '{}' (errno: 2 \"No such file or directory\")"),
    1020: ("ER_CHECKREAD", "HY000", _O, "Record has changed since last read in table '{}'"),
    1022: ("ER_DUP_KEY", "23000", _O, "Can't write; duplicate key in table '{}'"),
    1024: ("ER_ERROR_ON_READ", "HY000", _O, "Error reading file '{}' (errno: {})"),
    1026: ("ER_ERROR_ON_WRITE", "HY000", _O, "Error writing file '{}' (errno: {})"),
    1030: ("ER_GET_ERRNO", "HY000", _O, "Got error {} from storage engine {}"),
    1033: ("ER_NOT_FORM_FILE", "HY000", _O, "Incorrect information in file: '{}'"),
    1044: ("ER_DBACCESS_DENIED_ERROR", "42000", _O, "Access denied for user '{}'@'{}' to database '{}'"),
    1046: ("ER_NO_DB_ERROR", "3D000", _O, "No database selected"),
    1048: ("ER_BAD_NULL_ERROR", "23000", _I, "Column '{}' cannot be null"),
    1049: ("ER_BAD_DB_ERROR", "42000", _O, "Unknown database '{}'"),
    1050: ("ER_TABLE_EXISTS_ERROR", "42S01", _O, "Table '{}' already exists"),
    1051: ("ER_BAD_TABLE_ERROR", "42S02", _O, "Unknown table '{}'"),
    1052: ("ER_NON_UNIQ_ERROR", "23000", _O, "Column '{}' in {} is ambiguous"),
    1053: ("ER_SERVER_SHUTDOWN", "08S01", _O, "Server shutdown in progress"),
    1054: ("ER_BAD_FIELD_ERROR", "42S22", _O, "Unknown column '{}' in '{}'"),
    1055: ("ER_WRONG_FIELD_WITH_GROUP", "42000", _O, "'{}' isn't in GROUP BY"),
    1056: ("ER_WRONG_GROUP_FIELD", "42000", _O, "Can't group on '{}'"),
    1058: ("ER_WRONG_VALUE_COUNT", "21S01", _O, "Column count doesn't match value count"),
    1059: ("ER_TOO_LONG_IDENT", "42000", _O, "Identifier name '{}' is too long"),
    1060: ("ER_DUP_FIELDNAME", "42S21", _O, "Duplicate column name '{}'"),
    1061: ("ER_DUP_KEYNAME", "42000", _O, "Duplicate key name '{}'"),
    1062: ("ER_DUP_ENTRY", "23000", _I, "Duplicate entry '{}' for key '{}'"),
    1063: ("ER_WRONG_FIELD_SPEC", "42000", _O, "Incorrect column specifier for column '{}'"),
    1064: ("ER_PARSE_ERROR", "42000", _P, "{} near '{}' at line {}"),
    1065: ("ER_EMPTY_QUERY", "42000", _P, "Query was empty"),
    1066: ("ER_NONUNIQ_TABLE", "42000", _O, "Not unique table/alias: '{}'"),
    1067: ("ER_INVALID_DEFAULT", "42000", _O, "Invalid default value for '{}'"),
    1068: ("ER_MULTIPLE_PRI_KEY", "42000", _O, "Multiple primary key defined"),
    1069: ("ER_TOO_MANY_KEYS", "42000", _O, "Too many keys specified; max {} keys allowed"),
    1070: ("ER_TOO_MANY_KEY_PARTS", "42000", _O, "Too many key parts specified; max {} parts allowed"),
    1071: ("ER_TOO_LONG_KEY", "42000", _O, "Specified key was too long; max key length is {} bytes"),
    1072: ("ER_KEY_COLUMN_DOES_NOT_EXITS", "42000", _O, "Key column '{}' doesn't exist in table"),
    1073: ("ER_BLOB_USED_AS_KEY", "42000", _O, "BLOB column '{}' can't be used in key specification in the {} table"),
    1074: ("ER_TOO_BIG_FIELDLENGTH", "42000", _O,
           "Column length too big for column '{}' (max = {}); use BLOB or TEXT instead"),
    1075: ("ER_WRONG_AUTO_KEY", "42000", _O,
           "Incorrect table definition; there can be only one auto column and it must be defined as a key"),
    1089: ("ER_WRONG_SUB_KEY", "HY000", _O,
           "Incorrect prefix key; the used key part isn't a string, the used length is longer than the key part, "
           "or the storage engine doesn't support unique prefix keys"),
    1090: ("ER_CANT_REMOVE_ALL_FIELDS", "42000", _O,
           "You can't delete all columns with ALTER TABLE; use DROP TABLE instead"),
    1091: ("ER_CANT_DROP_FIELD_OR_KEY", "42000", _O, "Can't DROP {} `{}`; check that it exists"),
    1093: ("ER_UPDATE_TABLE_USED", "HY000", _O,
           "Table '{}' is specified twice, both as a target for '{}' and as a separate source for data"),
    1094: ("ER_NO_SUCH_THREAD", "HY000", _O, "Unknown thread id: {}"),
    1099: ("ER_TABLE_NOT_LOCKED_FOR_WRITE", "HY000", _O, "Table '{}' was locked with a READ lock and can't be updated"),
    1100: ("ER_TABLE_NOT_LOCKED", "HY000", _O, "Table '{}' was not locked with LOCK TABLES"),
    1101: ("ER_BLOB_CANT_HAVE_DEFAULT", "42000", _O, "BLOB/TEXT column '{}' can't have a default value"),
    1102: ("ER_WRONG_DB_NAME", "42000", _O, "Incorrect database name '{}'"),
    1103: ("ER_WRONG_TABLE_NAME", "42000", _O, "Incorrect table name '{}'"),
    1104: ("ER_TOO_BIG_SELECT", "42000", _O, "The SELECT would examine more than MAX_JOIN_SIZE rows"),
    1105: ("ER_UNKNOWN_ERROR", "HY000", _O, "{}"),
    1109: ("ER_UNKNOWN_TABLE", "42S02", _O, "Unknown table '{}' in {}"),
    1110: ("ER_FIELD_SPECIFIED_TWICE", "42000", _P, "Column '{}' specified twice"),
    1111: ("ER_INVALID_GROUP_FUNC_USE", "HY000", _P, "Invalid use of group function"),
    1112: ("ER_UNSUPPORTED_EXTENSION", "42000", _O, "Table '{}' uses an extension that doesn't exist in this version"),
    1113: ("ER_TABLE_MUST_HAVE_COLUMNS", "42000", _O, "A table must have at least 1 column"),
    1114: ("ER_RECORD_FILE_FULL", "HY000", _O, "The table '{}' is full"),
    1115: ("ER_UNKNOWN_CHARACTER_SET", "42000", _O, "Unknown character set: '{}'"),
    1118: ("ER_TOO_BIG_ROWSIZE", "42000", _O,
           "Row size too large. The maximum row size for the used table type, not counting BLOBs, is {}"),
    1120: ("ER_WRONG_OUTER_JOIN", "42000", _O, "Cross dependency found in OUTER JOIN; examine your ON conditions"),
    1121: ("ER_NULL_COLUMN_IN_INDEX", "42000", _I,
           "Table handler doesn't support NULL in given index. Please change column '{}' to be NOT NULL"),
    1132: ("ER_PASSWORD_NO_MATCH", "42000", _O, "Can't find any matching row in the user table"),
    1136: ("ER_WRONG_VALUE_COUNT_ON_ROW", "21S01", _O, "Column count doesn't match value count at row {}"),
    1138: ("ER_INVALID_USE_OF_NULL", "22004", _I, "Invalid use of NULL value"),
    1139: ("ER_REGEXP_ERROR", "42000", _O, "Regex error '{}'"),
    1140: ("ER_MIX_OF_GROUP_FUNC_AND_FIELDS", "42000", _O,
           "Mixing of GROUP columns (MIN(),MAX(),COUNT(),...) with no GROUP columns is illegal if there is no "
           "GROUP BY clause"),
    1146: ("ER_NO_SUCH_TABLE", "42S02", _P, "Table '{}.{}' doesn't exist"),
    1159: ("ER_NET_READ_INTERRUPTED", "08S01", _O, "Got timeout reading communication packets"),
    1163: ("ER_TABLE_CANT_HANDLE_BLOB", "42000", _O, "Storage engine {} doesn't support BLOB/TEXT columns"),
    1166: ("ER_WRONG_COLUMN_NAME", "42000", _O, "Incorrect column name '{}'"),
    1167: ("ER_WRONG_KEY_COLUMN", "42000", _O, "The storage engine {} can't index column '{}'"),
    1170: ("ER_BLOB_KEY_WITHOUT_LENGTH", "42000", _O,
           "BLOB/TEXT column '{}' used in key specification without a key length"),
    1171: ("ER_PRIMARY_CANT_HAVE_NULL", "42000", _I,
           "All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE instead"),
    1172: ("ER_TOO_MANY_ROWS", "42000", _O, "Result consisted of more than one row"),
    1176: ("ER_KEY_DOES_NOT_EXITS", "42000", _O, "Key '{}' doesn't exist in table '{}'"),
    1178: ("ER_CHECK_NOT_IMPLEMENTED", "42000", _N, "The storage engine for the table doesn't support {}"),
    1180: ("ER_ERROR_DURING_COMMIT", "HY000", _O, "Got error {} during COMMIT"),
    1191: ("ER_FT_MATCHING_KEY_NOT_FOUND", "HY000", _O, "Can't find FULLTEXT index matching the column list"),
    1192: ("ER_LOCK_OR_ACTIVE_TRANSACTION", "HY000", _O,
           "Can't execute the given command because you have active locked tables or an active transaction"),
    1193: ("ER_UNKNOWN_SYSTEM_VARIABLE", "HY000", _O, "Unknown system variable '{}'"),
    1194: ("ER_CRASHED_ON_USAGE", "HY000", _O, "Table '{}' is marked as crashed and should be repaired"),
    1196: ("ER_WARNING_NOT_COMPLETE_ROLLBACK", "HY000", _O, "Some non-transactional changed tables couldn't be rolled back"),
    1203: ("ER_TOO_MANY_USER_CONNECTIONS", "42000", _O, "User {} already has more than 'max_user_connections' active connections"),
    1205: ("ER_LOCK_WAIT_TIMEOUT", "HY000", _O, "Lock wait timeout exceeded; try restarting transaction"),
    1206: ("ER_LOCK_TABLE_FULL", "HY000", _O, "The total number of locks exceeds the lock table size"),
    1210: ("ER_WRONG_ARGUMENTS", "HY000", _O, "Incorrect arguments to {}"),
    1213: ("ER_LOCK_DEADLOCK", "40001", _O, "Deadlock found when trying to get lock; try restarting transaction"),
    1214: ("ER_TABLE_CANT_HANDLE_FT", "HY000", _N, "The used table type doesn't support FULLTEXT indexes"),
    1215: ("ER_CANNOT_ADD_FOREIGN", "HY000", _I, "Cannot add foreign key constraint for `{}`"),
    1216: ("ER_NO_REFERENCED_ROW", "23000", _I, "Cannot add or update a child row: a foreign key constraint fails"),
    1217: ("ER_ROW_IS_REFERENCED", "23000", _I, "Cannot delete or update a parent row: a foreign key constraint fails"),
    1221: ("ER_WRONG_USAGE", "HY000", _O, "Incorrect usage of {} and {}"),
    1222: ("ER_WRONG_NUMBER_OF_COLUMNS_IN_SELECT", "21000", _O,
           "The used SELECT statements have a different number of columns"),
    1223: ("ER_CANT_UPDATE_WITH_READLOCK", "HY000", _O, "Can't execute the query because you have a conflicting read lock"),
    1227: ("ER_SPECIFIC_ACCESS_DENIED_ERROR", "42000", _O,
           "Access denied; you need (at least one of) the {} privilege(s) for this operation"),
    1229: ("ER_GLOBAL_VARIABLE", "HY000", _O, "Variable '{}' is a GLOBAL variable and should be set with SET GLOBAL"),
    1228: ("ER_LOCAL_VARIABLE", "HY000", _O, "Variable '{}' is a SESSION variable and can't be used with SET GLOBAL"),
    1230: ("ER_NO_DEFAULT", "42000", _O, "Variable '{}' doesn't have a default value"),
    1231: ("ER_WRONG_VALUE_FOR_VAR", "42000", _O, "Variable '{}' can't be set to the value of '{}'"),
    1232: ("ER_WRONG_TYPE_FOR_VAR", "42000", _O, "Incorrect argument type to variable '{}'"),
    1235: ("ER_NOT_SUPPORTED_YET", "42000", _N, "This version of minidb doesn't yet support '{}'"),
    1238: ("ER_INCORRECT_GLOBAL_LOCAL_VAR", "HY000", _O, "Variable '{}' is a {} variable"),
    1239: ("ER_WRONG_FK_DEF", "42000", _O, "Incorrect foreign key definition for '{}': {}"),
    1241: ("ER_OPERAND_COLUMNS", "21000", _O, "Operand should contain {} column(s)"),
    1242: ("ER_SUBQUERY_NO_1_ROW", "21000", _O, "Subquery returns more than 1 row"),
    1243: ("ER_UNKNOWN_STMT_HANDLER", "HY000", _O, "Unknown prepared statement handler ({}) given to {}"),
    1247: ("ER_ILLEGAL_REFERENCE", "42S22", _O, "Reference '{}' not supported ({})"),
    1248: ("ER_DERIVED_MUST_HAVE_ALIAS", "42000", _O, "Every derived table must have its own alias"),
    1253: ("ER_COLLATION_CHARSET_MISMATCH", "42000", _O, "COLLATION '{}' is not valid for CHARACTER SET '{}'"),
    1263: ("ER_WARN_NULL_TO_NOTNULL", "22004", _D,
           "Column set to default value; NULL supplied to NOT NULL column '{}' at row {}"),
    1264: ("ER_WARN_DATA_OUT_OF_RANGE", "22003", _D, "Out of range value for column '{}' at row {}"),
    1265: ("WARN_DATA_TRUNCATED", "01000", _D, "Data truncated for column '{}' at row {}"),
    1267: ("ER_CANT_AGGREGATE_2COLLATIONS", "HY000", _O, "Illegal mix of collations ({},{}) and ({},{}) for operation '{}'"),
    1270: ("ER_CANT_AGGREGATE_3COLLATIONS", "HY000", _O, "Illegal mix of collations {}, {}, {} for operation '{}'"),
    1271: ("ER_CANT_AGGREGATE_NCOLLATIONS", "HY000", _O, "Illegal mix of collations for operation '{}'"),
    1273: ("ER_UNKNOWN_COLLATION", "HY000", _O, "Unknown collation: '{}'"),
    1280: ("ER_WRONG_NAME_FOR_INDEX", "42000", _O, "Incorrect index name '{}'"),
    1286: ("ER_UNKNOWN_STORAGE_ENGINE", "42000", _O, "Unknown storage engine '{}'"),
    1292: ("ER_TRUNCATED_WRONG_VALUE", "22007", _D, "Incorrect {} value: '{}' for column `{}`.`{}`.`{}` at row {}"),
    1294: ("ER_INVALID_ON_UPDATE", "HY000", _O, "Invalid ON UPDATE clause for '{}' column"),
    1295: ("ER_UNSUPPORTED_PS", "HY000", _O, "This command is not supported in the prepared statement protocol yet"),
    1298: ("ER_UNKNOWN_TIME_ZONE", "HY000", _O, "Unknown or incorrect time zone: '{}'"),
    1300: ("ER_INVALID_CHARACTER_STRING", "HY000", _O, "Invalid {} character string: '{}'"),
    1305: ("ER_SP_DOES_NOT_EXIST", "42000", _O, "{} {} does not exist"),
    1317: ("ER_QUERY_INTERRUPTED", "70100", _O, "Query execution was interrupted"),
    1327: ("ER_SP_UNDECLARED_VAR", "42000", _O, "Undeclared variable: {}"),
    1347: ("ER_WRONG_OBJECT", "HY000", _O, "'{}.{}' is not of type '{}'"),
    1364: ("ER_NO_DEFAULT_FOR_FIELD", "HY000", _O, "Field '{}' doesn't have a default value"),
    1365: ("ER_DIVISION_BY_ZERO", "22012", _D, "Division by 0"),
    1366: ("ER_TRUNCATED_WRONG_VALUE_FOR_FIELD", "22007", _D,
           "Incorrect {} value: '{}' for column `{}`.`{}`.`{}` at row {}"),
    1367: ("ER_ILLEGAL_VALUE_FOR_TYPE", "22007", _P, "Illegal {} '{}' value found during parsing"),
    1390: ("ER_PS_MANY_PARAM", "HY000", _O, "Prepared statement contains too many placeholders"),
    1399: ("ER_XAER_RMFAIL", "XAE07", _O,
           "XAER_RMFAIL: The command cannot be executed when global transaction is in the  {} state"),
    1406: ("ER_DATA_TOO_LONG", "22001", _D, "Data too long for column '{}' at row {}"),
    1411: ("ER_WRONG_VALUE_FOR_TYPE", "HY000", _O, "Incorrect {} value: '{}' for function {}"),
    1412: ("ER_TABLE_DEF_CHANGED", "HY000", _O, "Table definition has changed, please retry transaction"),
    1425: ("ER_TOO_BIG_SCALE", "42000", _O, "Too big scale {} specified for '{}'. Maximum is {}"),
    1426: ("ER_TOO_BIG_PRECISION", "42000", _O, "Too big precision {} specified for '{}'. Maximum is {}"),
    1427: ("ER_M_BIGGER_THAN_D", "42000", _O,
           "For float(M,D), double(M,D) or decimal(M,D), M must be >= D (column '{}')"),
    1436: ("ER_STACK_OVERRUN_NEED_MORE", "HY000", _O, "Thread stack overrun: {}"),
    1439: ("ER_TOO_BIG_DISPLAYWIDTH", "42000", _O, "Display width out of range for '{}' (max = {})"),
    1451: ("ER_ROW_IS_REFERENCED_2", "23000", _I,
           "Cannot delete or update a parent row: a foreign key constraint fails ({})"),
    1452: ("ER_NO_REFERENCED_ROW_2", "23000", _I, "Cannot add or update a child row: a foreign key constraint fails ({})"),
    1463: ("ER_NON_GROUPING_FIELD_USED", "42000", _O, "Non-grouping field '{}' is used in {} clause"),
    1467: ("ER_AUTOINC_READ_FAILED", "HY000", _O, "Failed to read auto-increment value from storage engine"),
    1553: ("ER_DROP_INDEX_FK", "HY000", _O, "Cannot drop index '{}': needed in a foreign key constraint"),
    1525: ("ER_WRONG_VALUE", "HY000", _O, "Incorrect {} value: '{}'"),
    1568: ("ER_CANT_CHANGE_TX_CHARACTERISTICS", "25001", _O,
           "Transaction characteristics can't be changed while a transaction is in progress"),
    1582: ("ER_WRONG_PARAMCOUNT_TO_NATIVE_FCT", "42000", _O,
           "Incorrect parameter count in the call to native function '{}'"),
    1583: ("ER_WRONG_PARAMETERS_TO_NATIVE_FCT", "42000", _O, "Incorrect parameters in the call to native function '{}'"),
    1621: ("ER_VARIABLE_IS_READONLY", "HY000", _O, "{} variable '{}' is read-only. {}"),
    1630: ("ER_FUNC_INEXISTENT_NAME_COLLISION", "42000", _O, "FUNCTION {} does not exist"),
    1690: ("ER_DATA_OUT_OF_RANGE", "22003", _D, "{} value is out of range in '{}'"),
    1701: ("ER_TRUNCATE_ILLEGAL_FK", "42000", _O, "Cannot truncate a table referenced in a foreign key constraint ({})"),
    1722: ("ER_UNKNOWN_DYNAMIC_OPTION", "HY000", _O, "Unknown option '{}'"),
    1792: ("ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION", "25006", _I, "Cannot execute statement in a READ ONLY transaction"),
    1822: ("ER_FK_NO_INDEX_PARENT", "HY000", _I,
           "Failed to add the foreign key constraint. Missing index for constraint '{}' in the referenced table '{}'"),
    1823: ("ER_DUP_CONSTRAINT_NAME", "HY000", _O, "Duplicate CHECK constraint name '{}'"),
    1828: ("ER_FK_COLUMN_CANNOT_DROP", "HY000", _O, "Cannot drop column '{}': needed in a foreign key constraint '{}'"),
    1829: ("ER_FK_COLUMN_CANNOT_DROP_CHILD", "HY000", _O,
           "Cannot drop column '{}': needed in a foreign key constraint '{}' of table `{}`.`{}`"),
    1826: ("ER_DUP_CONSTRAINT_NAME_FK", "HY000", _O, "Duplicate FOREIGN KEY constraint name '{}'"),
    1877: ("ER_TABLE_CORRUPT", "HY000", _O, "Table '{}' is corrupt: {}"),
    1932: ("ER_NO_SUCH_TABLE_IN_ENGINE", "42S02", _O, "Table '{}.{}' doesn't exist in engine: file '{}' is missing"),
    1969: ("ER_STATEMENT_TIMEOUT", "70100", _O, "Query execution was interrupted (max_statement_time exceeded)"),
    1927: ("ER_CONNECTION_KILLED", "70100", _O, "Connection was killed"),
    3568: ("ER_UNRESOLVED_TABLE_LOCK", "HY000", _O, "Unresolved table name {} in locking clause."),
    3569: ("ER_DUPLICATE_TABLE_LOCK", "HY000", _O, "Table {} appears in multiple locking clauses."),
    3572: ("ER_LOCK_NOWAIT", "HY000", _O,
           "Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set."),
    4092: ("ER_UNKNOWN_VIEW", "42S02", _O, "Unknown VIEW: '{}'"),
    4161: ("ER_UNKNOWN_DATA_TYPE", "HY000", _O, "Unknown data type: '{}'"),
    4025: ("ER_CONSTRAINT_FAILED", "23000", _I, "CONSTRAINT `{}` failed for `{}`.`{}`"),
}


class SqlError:
    """Namespace for building errors from `TABLE`."""

    @staticmethod
    def of(code: int, *args: Any, rolled_back: RolledBack = RolledBack.STATEMENT) -> Error:
        """The exception for MySQL error `code`, its message filled with `args`; the caller raises it."""
        symbol, state, cls, text = TABLE[code]
        return SqlError.make(cls, code, text.format(*args), symbol, state, rolled_back)

    @staticmethod
    def text(code: int, message: str, rolled_back: RolledBack = RolledBack.STATEMENT) -> Error:
        """The exception for `code` with a message of the caller's own wording."""
        symbol, state, cls, _ = TABLE[code]
        return SqlError.make(cls, code, message, symbol, state, rolled_back)

    @staticmethod
    def make(cls: type[Error], code: int, message: str, symbol: str, state: str, rolled_back: RolledBack) -> Error:
        error = cls(code, message)
        error.code, error.symbol, error.sqlstate, error.rolled_back = code, symbol, state, rolled_back
        return error


def symbol_of(code: int) -> str:
    """MySQL's symbolic name of `code` (``ER_DUP_ENTRY`` for 1062)."""
    row = TABLE.get(code)
    return row[0] if row else "ER_?"


def syntax_error(text: str, position: int, expected: str = "") -> SqlSyntaxError:
    """1064 at character `position` of statement `text`, in MariaDB's words."""
    near = text[position : position + 80]
    line = text.count("\n", 0, position) + 1
    message = (
        "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version "
        f"for the right syntax to use near '{near}' at line {line}"
    )
    error = SqlSyntaxError(1064, message, text, position)
    error.code, error.symbol, error.sqlstate = 1064, "ER_PARSE_ERROR", "42000"
    error.rolled_back = RolledBack.NOTHING
    return error


def unsupported(what: str) -> Error:
    """1235: valid MySQL that minidb does not speak; `what` is its name."""
    return SqlError.of(1235, what, rolled_back=RolledBack.NOTHING)
