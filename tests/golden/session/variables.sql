# SET and system variables
set nosuch=1
select @@nosuch
set sql_mode='foo'
set version='x'
set autocommit=5
set innodb_lock_wait_timeout='x'
set global autocommit=1
set session max_connections=3
set tx_isolation='foo'
set character_set_client=foo
set names foo
set names utf8mb4 collate latin1_bin
set time_zone='foo'
set innodb_lock_wait_timeout=-1
set @@session.innodb_page_size=5
set foreign_key_checks=2
set foreign_key_checks='off'
select @@foreign_key_checks
set foreign_key_checks=on
set max_statement_time=1.5
set max_statement_time=0
set default_storage_engine=foo
set sql_select_limit=default
select @@sql_select_limit
set autocommit=null
set wait_timeout='abc'
set lock_wait_timeout=1.5
set tx_isolation='read-committed'
select @@tx_isolation
begin
set tx_isolation='serializable'
select @@tx_isolation
set transaction read only
set transaction isolation level read committed
commit
set session transaction read only
select @@tx_read_only
set session transaction read write
set transaction isolation level serializable
select @@tx_isolation
commit
set session transaction isolation level repeatable read
select @@tx_isolation
set @@sql_mode=ansi
select @@sql_mode
set sql_mode=traditional
select @@sql_mode
set sql_mode=4
select @@sql_mode
set sql_mode=default
select @@sql_mode
set @@max_statement_time='abc'
set max_allowed_packet=1
set wait_timeout=0
select @@wait_timeout
set autocommit='x'
set autocommit=ON
set autocommit='on'
set autocommit=1.5
set foreign_key_checks=true
set default_storage_engine=myisam
select @@default_storage_engine
set default_storage_engine=innodb
set character_set_results=null
select @@character_set_results
set names utf8
select @@collation_connection, @@character_set_client
set names utf8mb4 collate utf8mb4_bin
select @@collation_connection
set time_zone='+02:00'
select @@time_zone
set time_zone='SYSTEM'
set last_insert_id=5
select last_insert_id(), @@identity
set timestamp=100
select unix_timestamp(now())
set timestamp=0
set @@global.last_insert_id=1
select @@global.last_insert_id
set global timestamp=1
select @@session.version
select @@session.hostname
set @x=5, @y=@x+1
select @x,@y
set @x=7
select @x, @nosuch
set session hostname='x'
set completion_type=1
select @@completion_type
set completion_type=5
show warnings
show count(*) warnings
show errors
set completion_type=default
set @old=@@sql_mode, sql_mode=''
select @old, @@sql_mode
set sql_mode=@old
select @@autocommit, @@sql_notes, @@lower_case_table_names, @@innodb_lock_wait_timeout, @@group_concat_max_len
set sql_notes=0
drop table if exists nosuch
set sql_notes=1
drop table if exists nosuch
select @@warning_count
select @@global.auto_increment_increment, @@auto_increment_offset
