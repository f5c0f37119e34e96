# CREATE TABLE: names, limits, defaults, keys; the text of SHOW CREATE TABLE
create table a1 (id int null primary key)
create table a1 (id int null, primary key(id))
create table a2 (a int, b int, foreign key (b) references nosuch(x), key(a)) engine=myisam
show create table a2
create table p (id int primary key, b int, u bigint, key(b))
create table c1 (x int, y int, foreign key (y) references p(id), key(x), foreign key nn (x) references p(id), constraint cc foreign key kk (x,y) references p(id,b))
show create table c1
create table c1 (x int, y int, foreign key (y) references p(id), key(x), foreign key nn (x) references p(id), constraint cc foreign key (x) references p(b) on update set null on delete no action)
show create table c1
create table c2 (x bigint, foreign key(x) references p(id))
create table c3 (x int, constraint cc foreign key(x) references p(id))
create table c3 (x int not null, constraint c3 foreign key(x) references p(id) on delete set null)
create table c4 (x int references p(id), y int check (y>3), z int, check (z < y), constraint zz check (z<>2) )
show create table c4
create table t1 (a int auto_increment)
create table t1 (a varchar(10) auto_increment, key(a))
create table t1 (a int auto_increment, b int, key(b,a))
create table t1 (a int auto_increment, b int, key(b,a)) engine=myisam
show create table t1
create table t2 (a text, key(a))
show create table t2
create table t3 (a varchar(1000), key(a))
show warnings
show create table t3
create table t5 (a varchar(1000) primary key)
create table t6 (a varchar(1000), key(a)) engine=myisam
show warnings
show create table t6
create table t7 (a int default 'x')
create table t7 (a int not null default null)
create table t7 (a varchar(2) default 'xxx')
create table t7 (a date default '2020-13-01')
create table t7 (a int, key(a,a))
create table t7 (a int, key(b))
create table t7 (a int, key k(a), key K(a))
create table t7 (a int, key `PRIMARY`(a))
create table t7 (a int, A int)
create table t7 (a int(5) primary key, primary key (a))
create table t7 (a int, key(a(5)))
create table t7 (a varchar(5), key(a(6)))
create table t7 (a varchar(5), key(a(5)))
show create table t7
create table t8 (a int) engine=foo
create table t8 (a varchar(20000))
create table t8 (a varchar(10) charset latin1 collate utf8mb4_bin)
create table t8 (a int on update current_timestamp)
create table t9 (a int) row_format=compact comment='x' auto_increment=5 checksum=1 avg_row_length=3 max_rows=10
show create table t9
create table if not exists t11 (a int)
show warnings
create table t13 as select id, u from p
show create table t13
show create table t14
create table t15 (a int invisible, b int)
show create table t15
drop table nosuch
drop table if exists nosuch
show warnings
drop table p
create table t16 (a serial, b int, unique(b,a), key b(b), unique k (b))
show create table t16
show index from t16
create table t17(a char(5) character set latin1, b char(4) collate latin1_bin, c enum('a','b') charset utf8mb3, d blob, e varbinary(3), f text collate utf8mb4_unicode_ci, g national varchar(10)) default charset latin1
show create table t17
create table t18(a int, b int, constraint u1 unique (a), constraint unique (b), constraint foo primary key(a,b))
show create table t18
create table t19(a year, b time(3), c timestamp not null, d timestamp default current_timestamp, e bit default 1, f float(10), g set('x','y') default 'x,y', h int default -5, i decimal(5,3) default 1, j bigint unsigned default 18446744073709551615, k char(3) default '', l datetime default '2020-01-01', m time default '10:00', n year default 2020, o double default 1.5e-10, p float default 3.14, q varbinary(5) default 'ab', r tinyint(1) default false)
show create table t19
show columns from t19
