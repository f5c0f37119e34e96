# SHOW, DESCRIBE and information_schema
create table p (id int primary key, b int, key(b))
create table c (id int not null auto_increment primary key, pid int, name varchar(20) not null default 'n' comment 'a name', price decimal(8,2), unique (name), key pn (pid, name(5)), constraint fk foreign key (pid) references p (id) on update cascade)
show tables
show full tables
show tables like 'p%'
show tables where tables_in_test = 'c'
describe c
describe c name
describe c 'p%'
show columns from c like '%d'
show columns from c where `Null` = 'NO'
show full columns from c
show fields from p from test
show create database test
show create database if not exists test
show create database nosuch
show databases like 'tes%'
show create table nosuch
show columns from nosuch
show index from nosuch
show tables from nosuch
show index from c where key_name = 'pn'
show keys from p
show character set like 'latin1'
show collation like 'utf8mb4_general_ci'
show variables like 'autocommit'
show variables where variable_name in ('autocommit', 'sql_notes')
show session variables like 'max_sort_length'
show global variables like 'wait_timeout'
show count(*) warnings
show warnings
show errors
show triggers
show procedure status like 'nosuch'
select table_name, table_type, engine, table_collation, table_comment from information_schema.tables where table_schema='test' order by 1
select column_name, ordinal_position, column_default, is_nullable, data_type, character_maximum_length, character_octet_length, numeric_precision, numeric_scale, character_set_name, collation_name, column_type, column_key, extra, column_comment from information_schema.columns where table_schema = 'test' and table_name = 'c' order by ordinal_position
select table_name, non_unique, index_name, seq_in_index, column_name, collation, sub_part, nullable, index_type from information_schema.statistics where table_schema = 'test' order by 1, 2, 3, 4
select constraint_name, table_name, column_name, ordinal_position, position_in_unique_constraint, referenced_table_schema, referenced_table_name, referenced_column_name from information_schema.key_column_usage where table_schema = 'test' order by table_name, constraint_name
select constraint_name, table_name, constraint_type from information_schema.table_constraints where table_schema = 'test' order by 2, 1
select constraint_name, unique_constraint_name, match_option, update_rule, delete_rule, table_name, referenced_table_name from information_schema.referential_constraints where constraint_schema = 'test'
select schema_name, default_character_set_name, default_collation_name from information_schema.schemata where schema_name = 'test'
select count(*) from information_schema.tables where table_schema = 'nosuch'
select c.column_name from information_schema.columns c join information_schema.tables t on c.table_schema = t.table_schema and c.table_name = t.table_name where t.table_schema = 'test' and c.column_key = 'PRI' order by 1
select * from information_schema.nosuch
select table_name from information_schema.TABLES where TABLE_SCHEMA = 'test' and TABLE_NAME like 'c'
use information_schema
show tables like 'SCHEMATA'
select database()
use test
check table c, nosuch
optimize table c
repair table c
create table mi (a int primary key) engine=myisam
check table mi
repair table mi
