"""The system variables that minidb knows: name, kind, default, scope, limits.

kind: 'bool' (stored 0 or 1, shown OFF / ON), 'int', 'double', 'str', 'enum' and 'set' (stored as text, `choices`), 'charset',
'collation', 'zone', 'engine'.  scope: 'both', 'global', 'session'.  A variable may have no effect: clients set many that only
matter to a server on a network.
"""

from __future__ import annotations

from typing import Any, NamedTuple

VERSION = "10.11.19-MariaDB-minidb"
MYSQL_VERSION = "8.4.0-minidb"
BIG = 18446744073709551615
SQL_MODES = (
    "REAL_AS_FLOAT", "PIPES_AS_CONCAT", "ANSI_QUOTES", "IGNORE_SPACE", "IGNORE_BAD_TABLE_OPTIONS", "ONLY_FULL_GROUP_BY",
    "NO_UNSIGNED_SUBTRACTION", "NO_DIR_IN_CREATE", "POSTGRESQL", "ORACLE", "MSSQL", "DB2", "MAXDB", "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS", "NO_FIELD_OPTIONS", "MYSQL323", "MYSQL40", "ANSI", "NO_AUTO_VALUE_ON_ZERO", "NO_BACKSLASH_ESCAPES",
    "STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "NO_ZERO_IN_DATE", "NO_ZERO_DATE", "ALLOW_INVALID_DATES",
    "ERROR_FOR_DIVISION_BY_ZERO", "TRADITIONAL", "NO_AUTO_CREATE_USER", "HIGH_NOT_PRECEDENCE", "NO_ENGINE_SUBSTITUTION",
    "PAD_CHAR_TO_FULL_LENGTH", "EMPTY_STRING_IS_NULL", "SIMULTANEOUS_ASSIGNMENT", "TIME_ROUND_FRACTIONAL",
)
SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION"
MYSQL_SQL_MODE = ("ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
                  "NO_ENGINE_SUBSTITUTION")
COMBINED_MODES = {
    "ANSI": ("REAL_AS_FLOAT", "PIPES_AS_CONCAT", "ANSI_QUOTES", "IGNORE_SPACE"),
    "TRADITIONAL": ("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "NO_ZERO_IN_DATE", "NO_ZERO_DATE", "ERROR_FOR_DIVISION_BY_ZERO",
                    "NO_AUTO_CREATE_USER", "NO_ENGINE_SUBSTITUTION"),
}
LEVELS = ("READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE")
OPTIMIZER_SWITCH = ("index_merge=on,index_merge_union=on,index_condition_pushdown=on,derived_merge=on,materialization=on,"
                    "semijoin=on,mrr=off,extended_keys=on")


class VariableDef(NamedTuple):
    """One system variable (see the module's docstring)."""

    name: str
    kind: str
    default: Any
    scope: str = "both"
    low: int = 0
    high: int = BIG
    choices: tuple[str, ...] = ()
    read_only: bool = False


def _fixed(name: str, kind: str, value: Any) -> VariableDef:
    return VariableDef(name, kind, value, "global", read_only=True)


def _global(name: str, kind: str, value: Any, low: int = 0, high: int = BIG, choices: tuple[str, ...] = ()) -> VariableDef:
    return VariableDef(name, kind, value, "global", low, high, choices)


def _session(name: str, kind: str, value: Any, read_only: bool = False) -> VariableDef:
    return VariableDef(name, kind, value, "session", read_only=read_only)


def _bool(name: str, value: int) -> VariableDef:
    return VariableDef(name, "bool", value)


def _int(name: str, value: int, low: int = 0, high: int = BIG) -> VariableDef:
    return VariableDef(name, "int", value, "both", low, high)


def _enum(name: str, value: str, *choices: str) -> VariableDef:
    return VariableDef(name, "enum", value, "both", choices=choices)


COMMON: tuple[VariableDef, ...] = (
    _int("auto_increment_increment", 1, 1, 65535), _int("auto_increment_offset", 1, 1, 65535), _bool("autocommit", 1),
    _fixed("basedir", "str", ""), _bool("big_tables", 0), _enum("binlog_format", "MIXED", "MIXED", "STATEMENT", "ROW"),
    _int("bulk_insert_buffer_size", 8388608),
    VariableDef("character_set_client", "charset", "utf8mb4"), VariableDef("character_set_connection", "charset", "utf8mb4"),
    VariableDef("character_set_database", "charset", "utf8mb4"), VariableDef("character_set_filesystem", "charset", "binary"),
    VariableDef("character_set_results", "charset", "utf8mb4"), VariableDef("character_set_server", "charset", "utf8mb4"),
    _fixed("character_set_system", "charset", "utf8mb3"), _fixed("character_sets_dir", "str", ""),
    _bool("check_constraint_checks", 1),
    VariableDef("collation_connection", "collation", "utf8mb4_general_ci"),
    VariableDef("collation_database", "collation", "utf8mb4_general_ci"),
    VariableDef("collation_server", "collation", "utf8mb4_general_ci"),
    _enum("completion_type", "NO_CHAIN", "NO_CHAIN", "CHAIN", "RELEASE"),
    _global("concurrent_insert", "enum", "AUTO", choices=("NEVER", "AUTO", "ALWAYS")), _fixed("datadir", "str", ""),
    _global("date_format", "str", "%Y-%m-%d"), _global("datetime_format", "str", "%Y-%m-%d %H:%i:%s"),
    VariableDef("default_regex_flags", "str", ""), VariableDef("default_storage_engine", "engine", "InnoDB"),
    VariableDef("default_tmp_storage_engine", "engine", ""), _int("default_week_format", 0, 0, 7),
    _int("div_precision_increment", 4, 0, 38), _int("eq_range_index_dive_limit", 200, 0, 4294967295),
    _session("error_count", "int", 0, True), _global("event_scheduler", "enum", "OFF", choices=("OFF", "ON", "DISABLED")),
    _bool("explicit_defaults_for_timestamp", 1), _bool("foreign_key_checks", 1), _fixed("ft_min_word_len", "int", 4),
    _global("general_log", "bool", 0), _int("group_concat_max_len", 1048576, 4, 1073741824),
    _fixed("have_innodb", "str", "YES"), _fixed("have_openssl", "str", "NO"), _fixed("have_ssl", "str", "DISABLED"),
    _fixed("hostname", "str", "localhost"), _session("identity", "int", 0), _global("init_connect", "str", ""),
    _global("innodb_adaptive_hash_index", "bool", 0), _fixed("innodb_autoinc_lock_mode", "int", 1),
    _global("innodb_buffer_pool_size", "int", 134217728, 2097152), _global("innodb_deadlock_detect", "bool", 1),
    _global("innodb_file_per_table", "bool", 1), _global("innodb_flush_log_at_trx_commit", "int", 1, 0, 3),
    _fixed("innodb_flush_method", "str", "fsync"), _global("innodb_io_capacity", "int", 200, 100, 4294967295),
    _int("innodb_lock_wait_timeout", 50, 0, 100000000), _fixed("innodb_page_size", "int", 16384),
    _global("innodb_print_all_deadlocks", "bool", 0), _fixed("innodb_rollback_on_timeout", "bool", 0),
    _bool("innodb_snapshot_isolation", 0), _global("innodb_sort_buffer_size", "int", 1048576, 65536, 67108864),
    _global("innodb_stats_persistent", "bool", 1), _bool("innodb_strict_mode", 1),
    _global("innodb_status_output", "bool", 0), _global("innodb_status_output_locks", "bool", 0), _bool("innodb_table_locks", 1),
    _session("insert_id", "int", 0), _int("interactive_timeout", 28800, 1, 31536000), _session("in_transaction", "int", 0, True),
    _int("join_buffer_size", 262144, 128), _int("join_cache_level", 2, 0, 8), _global("key_buffer_size", "int", 134217728),
    _session("last_insert_id", "int", 0), VariableDef("lc_messages", "str", "en_US"), VariableDef("lc_time_names", "str", "en_US"),
    _fixed("license", "str", "Apache-2.0"), _global("local_infile", "bool", 1), _int("lock_wait_timeout", 86400, 0, 31536000),
    _fixed("log_bin", "bool", 0), _global("log_output", "str", "FILE"),
    VariableDef("long_query_time", "double", 10.0, high=31536000),
    _bool("low_priority_updates", 0), _fixed("lower_case_file_system", "bool", 0), _fixed("lower_case_table_names", "int", 0),
    _int("max_allowed_packet", 16777216, 1024, 1073741824), _global("max_connections", "int", 151, 10, 100000),
    _int("max_error_count", 64, 0, 65535), _int("max_heap_table_size", 16777216, 16384), _int("max_join_size", BIG, 1),
    _int("max_recursive_iterations", 1000, 0, 4294967295), _int("max_sort_length", 1024, 64, 8388608),
    VariableDef("max_statement_time", "double", 0.0, high=31536000), _fixed("myisam_recover_options", "str", "OFF"),
    _int("myisam_sort_buffer_size", 134216704, 4096),
    _int("net_buffer_length", 16384, 1024, 1048576), _int("net_read_timeout", 30, 1, 31536000),
    _int("net_write_timeout", 60, 1, 31536000),
    VariableDef("old_mode", "str", "UTF8_IS_UTF8MB3"), VariableDef("optimizer_switch", "str", OPTIMIZER_SWITCH),
    _fixed("performance_schema", "bool", 0), _fixed("port", "int", 0), _bool("profiling", 0), _fixed("protocol_version", "int", 10),
    _session("pseudo_thread_id", "int", 0, True), _global("query_cache_size", "int", 0),
    _enum("query_cache_type", "OFF", "OFF", "ON", "DEMAND"), _session("rand_seed1", "int", 0), _session("rand_seed2", "int", 0),
    _global("read_only", "bool", 0), _int("read_buffer_size", 131072, 8192), _fixed("secure_file_priv", "str", ""),
    _int("server_id", 1, 1, 4294967295), _bool("session_track_schema", 1), _fixed("skip_networking", "bool", 1),
    VariableDef("slow_query_log", "bool", 0), _fixed("socket", "str", ""), _int("sort_buffer_size", 2097152, 1024),
    _bool("sql_auto_is_null", 0), _bool("sql_big_selects", 1), _bool("sql_buffer_result", 0), _bool("sql_log_bin", 1),
    VariableDef("sql_mode", "set", SQL_MODE, choices=SQL_MODES), _bool("sql_notes", 1), _bool("sql_quote_show_create", 1),
    _bool("sql_safe_updates", 0), _int("sql_select_limit", BIG), _bool("sql_warnings", 0), _bool("standard_compliant_cte", 1),
    VariableDef("storage_engine", "engine", "InnoDB"), _fixed("system_time_zone", "str", "UTC"),
    _global("table_open_cache", "int", 2000, 10, 1048576), _global("thread_cache_size", "int", 0, 0, 16384),
    _global("time_format", "str", "%H:%i:%s"), VariableDef("time_zone", "zone", "SYSTEM"), _session("timestamp", "double", 0.0),
    _fixed("tmpdir", "str", ""), _int("tmp_table_size", 16777216), _bool("unique_checks", 1),
    _enum("updatable_views_with_limit", "YES", "NO", "YES"), _fixed("version_compile_machine", "str", "python"),
    _fixed("version_compile_os", "str", "any"), _int("wait_timeout", 28800, 1, 31536000), _session("warning_count", "int", 0, True),
)


PROFILES = ("mariadb-10.11", "mysql-8.4")


def variable_table(profile: str) -> dict[str, VariableDef]:
    """The variables of a server profile by name."""
    if profile.startswith("mysql"):
        own = (VariableDef("transaction_isolation", "enum", "REPEATABLE-READ", choices=LEVELS), _bool("transaction_read_only", 0),
               _fixed("version", "str", MYSQL_VERSION), _fixed("version_comment", "str", "minidb, a miniature MySQL"))
    else:
        own = (VariableDef("tx_isolation", "enum", "REPEATABLE-READ", choices=LEVELS), _bool("tx_read_only", 0),
               _fixed("version", "str", VERSION), _fixed("version_comment", "str", "minidb, a miniature MySQL"))
    chosen = _global("lock_profile", "enum", profile, choices=PROFILES)
    made = {v.name: v for v in sorted((*COMMON, *own, chosen))}
    if profile.startswith("mysql"):
        made["sql_mode"] = made["sql_mode"]._replace(default=MYSQL_SQL_MODE)
        made["innodb_autoinc_lock_mode"] = made["innodb_autoinc_lock_mode"]._replace(default=2)
        del made["innodb_snapshot_isolation"]
        made["innodb_lock_wait_timeout"] = made["innodb_lock_wait_timeout"]._replace(low=1)
    return made
