"""What the tests of dumps share: a database of all kinds of columns, dumping into a string of bytes, loading, comparing."""

from __future__ import annotations

import io
from typing import Any

from minidb.database import Database
from minidb.dump import DumpOptions, dump
from minidb.session import Session

PLAIN = DumpOptions(dump_date=False)

# Foreign keys point forwards and backwards by name; text has everything that has to be escaped.
SAMPLE = r"""
CREATE DATABASE shop DEFAULT CHARACTER SET latin1;
USE shop;
CREATE TABLE zeta (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) DEFAULT 'x''y', n INT, KEY (name))
  COMMENT='it''s';
CREATE TABLE alpha (a INT, z INT UNSIGNED, n DECIMAL(9,2) NOT NULL DEFAULT 1.50, FOREIGN KEY (z) REFERENCES zeta (id)
  ON DELETE CASCADE, CHECK (n > -1000)) ENGINE=InnoDB;
CREATE TABLE kinds (
  t TINYINT, u BIGINT UNSIGNED, z INT(6) ZEROFILL, d DECIMAL(30,10), f FLOAT, g DOUBLE, b BIT(12), da DATE, ti TIME(3),
  dt DATETIME(6), ts TIMESTAMP(2) NULL, y YEAR, c CHAR(5), vc VARCHAR(30), bi BINARY(4), vb VARBINARY(30),
  tx TEXT CHARACTER SET utf8mb4, bl BLOB, e ENUM('a','b''c'), s SET('x','y','z'), j JSON,
  l VARCHAR(10) CHARACTER SET latin1, m VARCHAR(10) CHARACTER SET utf8mb4);
CREATE TABLE `odd ``name` (`a "b"` INT PRIMARY KEY, `select` INT INVISIBLE DEFAULT 7) COMMENT 'a\nb';
CREATE TABLE storage (k INT NOT NULL, v VARCHAR(9), UNIQUE (k)) ENGINE=MyISAM;
INSERT INTO zeta (id, name) VALUES (1, 'one'), (5, NULL), (6, 'a\nb\0c\\d''e"f\Z\t%_\r');
INSERT INTO alpha VALUES (1, 1, 2.50), (2, 5, 3), (3, NULL, 0);
INSERT INTO kinds VALUES
  (-128, 18446744073709551615, 42, -12345678901234567890.0123456789, 1.1, 1.1e300, b'100000000101', '2020-02-29',
   '-12:34:56.789', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.25', 2155, 'é', 'a''b"c\\', 'ab',
   x'00275C0A0D1AFF', 'ü€𝄞', x'FFFE8000C3A9', 'b''c', 'x,z', '{"a": [1, null, "\\"q\\""]}', 'ÿ', '日本'),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL),
  (0, 0, 0, 0, 0, 0, 0, '1000-01-01', '00:00:00', '1000-01-01 00:00:00', '1970-01-01 00:00:01', 1901, '', '', '', '', '', '',
   'a', '', '[]', '', '');
INSERT INTO `odd ``name` (`a "b"`, `select`) VALUES (0, 1), (1, 2);
INSERT INTO storage VALUES (3, 'c'), (1, 'a'), (2, 'b'), (9, 'z');
DELETE FROM storage WHERE k = 1;
INSERT INTO storage VALUES (4, 'd');
"""


def sample() -> Database:
    """A new database in memory with `SAMPLE` in it."""
    database = Database()
    run(database.session(), SAMPLE)
    return database


def run(session: Session, script: str | bytes) -> None:
    text = script.decode("utf-8", "surrogateescape") if isinstance(script, bytes) else script
    for _ in session.execute_script(text):
        pass


def dumped(database: Database, *names: Any, options: DumpOptions = PLAIN, **more: Any) -> bytes:
    out = io.BytesIO()
    dump(database, out, *names, options=options, **more)
    return out.getvalue()


def loaded(script: bytes, **settings: Any) -> Database:
    """A new database in memory into which the dump was loaded; settings: of the loading session."""
    database = Database()
    session = database.session()
    for name, value in settings.items():
        session.execute(f"SET {name} = %s", (value,))
    run(session, script)
    return database


def content(database: Database) -> dict[str, Any]:
    """Every table: its definition as SHOW CREATE TABLE has it and its rows in order."""
    session = database.session()
    found = {}
    for tdef in database.dictionary.all_tables():
        name = f"`{tdef.db}`.`{tdef.name.replace('`', '``')}`"
        columns = ", ".join(f"`{c.name.replace('`', '``')}`" for c in tdef.columns)
        definition = session.execute(f"SHOW CREATE TABLE {name}").rows
        found[name] = definition, session.execute(f"SELECT {columns} FROM {name}").rows
    session.close()
    return found
