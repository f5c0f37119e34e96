"""`DumpOptions`: how a dump is to look, by the names of mariadb-dump's options."""

from __future__ import annotations

from dataclasses import dataclass, replace

NET_BUFFER_LENGTH = 1024 * 1024 - 1025
"""mariadb-dump's own: with the packet's header an INSERT stays below 1 MiB, which every server takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpOptions:
    """The defaults are mariadb-dump's.

    no_data: definitions only.  no_create_info: rows only.  no_create_db: no CREATE DATABASE where databases are named.
    add_drop_database, add_drop_table, add_locks, disable_keys: statements around definitions and rows.  complete_insert: name the
    columns.  extended_insert: several rows in one INSERT of up to net_buffer_length bytes.  replace, insert_ignore: REPLACE, INSERT
    IGNORE instead of INSERT.  hex_blob: binary values as 0x..., else as escaped strings.  where: only rows for which this
    expression is true.  order_by_primary: rows in the order of the primary key, else of the first unique key.  no_autocommit: the
    rows of each table as one transaction.  lock_tables: MyISAM tables are locked while they are read, so that all of them show
    one moment.  tz_utc: TIMESTAMPs are values of time zone +00:00.  set_charset: SET NAMES utf8mb4.  comments, dump_date:
    comments, the date in the last one.  header: save, set and restore the server's settings.
    """

    no_data: bool = False
    no_create_info: bool = False
    no_create_db: bool = False
    add_drop_database: bool = False
    add_drop_table: bool = True
    add_locks: bool = True
    disable_keys: bool = True
    complete_insert: bool = False
    extended_insert: bool = True
    replace: bool = False
    insert_ignore: bool = False
    hex_blob: bool = False
    where: str | None = None
    order_by_primary: bool = False
    no_autocommit: bool = False
    lock_tables: bool = True
    tz_utc: bool = True
    set_charset: bool = True
    comments: bool = True
    dump_date: bool = True
    header: bool = True
    net_buffer_length: int = NET_BUFFER_LENGTH

    def compact(self) -> DumpOptions:
        """--compact: nothing but definitions and rows."""
        return replace(self, add_drop_table=False, add_locks=False, disable_keys=False, set_charset=False, comments=False,
                       header=False)
