# Transactions, savepoints, prepared statements, locks, in one session
create table t (id int primary key, v int)
create table m (id int primary key, v int) engine=myisam
begin
insert into t values (1,1)
select @@in_transaction
rollback
select * from t
start transaction
insert into t values (1,1)
commit
select * from t
savepoint a
rollback to a
release savepoint b
begin
insert into t values (2,2)
savepoint a
insert into t values (3,3)
savepoint b
insert into t values (4,4)
rollback to savepoint b
select * from t
release savepoint a
rollback to b
rollback
select * from t
set autocommit=0
insert into t values (5,5)
select @@in_transaction
rollback
select * from t
insert into t values (6,6)
set autocommit=1
rollback
select * from t
begin
insert into t values (7,7)
insert into t values (8,8),(7,7)
select * from t
create table ddl (a int)
rollback
select * from t
begin
insert into m values (1,1)
insert into t values (9,9)
savepoint s
insert into m values (2,2)
rollback to s
rollback
select * from m
select * from t
insert into m values (3,3),(1,1),(4,4)
select * from m
insert into t values (20,1),(1,1),(21,4)
select * from t
start transaction read only
insert into t values (30,1)
update m set v = 1
select count(*) from t
commit
begin
insert into t values (40,1)
rollback and chain
select @@in_transaction
insert into t values (41,1)
commit and no chain
select @@in_transaction
set completion_type=1
begin
commit
select @@in_transaction
rollback
set completion_type=0
rollback
lock tables t read, m as mm write
select count(*) from t
insert into t values (50,1)
select * from m
select count(*) from mm
select count(*) from m as mm
insert into m values (5,5)
drop table t
create table zz (a int)
unlock tables
lock tables nosuch read
lock tables t write
insert into t values (51,1)
alter table t add column w int
unlock tables
select * from t where id=51
flush tables with read lock
insert into t values (60,1,1)
select count(*) from t
unlock tables
insert into t values (60,1,1)
prepare s from 'select ? + 1 as x'
set @a=5
execute s using @a
execute s
execute nosuch
deallocate prepare s
deallocate prepare s
prepare s from 'selec'
prepare ins from 'insert into t (id, v) values (?, ?)'
set @b=71
execute ins using @b, @a
execute ins using @b, @a
select * from t where id > 70
do 1, 2
kill 999999
kill query 999999
use nosuch
create database test
create database if not exists test
drop database nosuch
drop database if exists nosuch
create table nosuch.x (a int)
select * from nosuch.t
drop table nosuch.t
select row_count()
update t set v = v + 1 where id in (1, 60)
select row_count()
update t set v = v where id = 1
select row_count()
select found_rows()
create temporary table tt (a int primary key, b varchar(5))
insert into tt values (1,'x'),(2,'y')
select * from tt
show create table tt
create temporary table t (q int)
insert into t values (99)
select * from t
drop temporary table t
select count(*) from t
drop table tt
select * from tt
create table cs as select id, v from t where id < 10
show create table cs
select * from cs
create table cs2 (v bigint, extra int default 3) select v, id from t where id=1
select * from cs2
create table cs3 (unique(v)) select 1 as v union all select 1
select * from cs3
