"""The text around definitions and rows, as mariadb-dump 10.11 lays it out, blank lines included."""

from __future__ import annotations

from minidb.dump.options import DumpOptions
from minidb.query.define.ddl_keys import quote

RULE = "-" * 54

CHARSET_SAVED = """
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;
"""
CHARSET_RESTORED = """\
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
"""
ZONE_SAVED = "/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;\n/*!40103 SET TIME_ZONE='+00:00' */;\n"
ZONE_RESTORED = "/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;\n"
UNIQUE_SAVED = "/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;\n"
UNIQUE_RESTORED = "/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;\n"
SETTINGS_SAVED = """\
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;
"""


def comment(options: DumpOptions, text: str) -> str:
    """A line between two empty comments."""
    return f"\n--\n-- {text}\n--\n" if options.comments else ""


def header(options: DumpOptions, database: str, version: str, program: str) -> str:
    """The beginning: who made the dump, of what; the settings that it needs, their old values saved."""
    made = ""
    if options.comments:
        made = f"-- {program}\n--\n-- Host: localhost    Database: {database}\n-- {RULE}\n-- Server version\t{version}\n"
    if not options.header:
        return made
    made += CHARSET_SAVED if options.set_charset else ""
    made += ZONE_SAVED if options.tz_utc else ""
    made += "" if options.no_create_info else UNIQUE_SAVED
    return made + SETTINGS_SAVED


def footer(options: DumpOptions, moment: str) -> str:
    """The end: settings restored, and the line that says that the dump is whole."""
    made = ""
    if options.header:
        made += ZONE_RESTORED if options.tz_utc else ""
        made += "\n/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\n/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;\n"
        made += "" if options.no_create_info else UNIQUE_RESTORED
        made += CHARSET_RESTORED if options.set_charset else ""
        made += "/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n\n"
    if options.comments:
        made += f"-- Dump completed on {moment}\n" if options.dump_date else "-- Dump completed\n"
    return made


def database_head(options: DumpOptions, name: str, create: str) -> str:
    """CREATE DATABASE and USE.  create: the statement, IF NOT EXISTS included."""
    made = comment(options, f"Current Database: {quote(name)}")
    if options.add_drop_database:
        made += f"\n/*!40000 DROP DATABASE IF EXISTS {quote(name)}*/;\n"
    if not options.no_create_db:
        made += f"\n{create};\n"
    return made + f"\nUSE {quote(name)};\n"


def structure(options: DumpOptions, name: str, create: str) -> str:
    """DROP TABLE and CREATE TABLE.  create: the statement."""
    made = comment(options, f"Table structure for table {quote(name)}")
    made += "\n" if options.comments else ""
    made += f"DROP TABLE IF EXISTS {quote(name)};\n" if options.add_drop_table else ""
    return (f"{made}/*!40101 SET @saved_cs_client     = @@character_set_client */;\n"
            f"/*!40101 SET character_set_client = utf8mb4 */;\n{create};\n"
            f"/*!40101 SET character_set_client = @saved_cs_client */;\n")


def before_rows(options: DumpOptions, name: str, order: str | None) -> str:
    """What comes before the rows of a table.  order: the columns that they are ordered by."""
    made = comment(options, f"Dumping data for table {quote(name)}")
    if options.comments:
        made += f"-- WHERE:  {options.where}\n" if options.where else ""
        made += f"-- ORDER BY:  {order}\n" if order else ""
    made += "\n" if options.comments or options.header else ""
    made += "SET @OLD_AUTOCOMMIT=@@AUTOCOMMIT, @@AUTOCOMMIT=0;\n" if options.no_autocommit else ""
    made += f"LOCK TABLES {quote(name)} WRITE;\n" if options.add_locks else ""
    return made + (f"/*!40000 ALTER TABLE {quote(name)} DISABLE KEYS */;\n" if options.disable_keys else "")


def after_rows(options: DumpOptions, name: str) -> str:
    """What comes after the rows of a table."""
    made = f"/*!40000 ALTER TABLE {quote(name)} ENABLE KEYS */;\n" if options.disable_keys else ""
    made += "UNLOCK TABLES;\n" if options.add_locks else ""
    return made + ("COMMIT;\nSET AUTOCOMMIT=@OLD_AUTOCOMMIT;\n" if options.no_autocommit else "")
