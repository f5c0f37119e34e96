# ALTER TABLE, DROP, RENAME, TRUNCATE
create table p (id int primary key, b int)
create table t (a int primary key auto_increment, b int, c varchar(10), unique bc(b,c), key(c), constraint f1 foreign key (b) references p(id))
insert into p values (1,1),(2,2)
insert into t values (1,1,'x'),(2,null,null)
alter table t drop column zz
alter table t drop column b
alter table t drop index zz
alter table t drop index bc
alter table t drop primary key
alter table t drop foreign key zz
alter table t drop constraint zz
alter table p drop column id
create table nopk(a int, b int)
alter table nopk drop primary key
alter table t add column b int
alter table t modify zz int
alter table t change zz yy int
alter table t change c B int
alter table t add column q int after zz
alter table t modify c varchar(10) not null
alter table t rename column zz to yy
alter table t rename index zz to yy
alter table t alter zz set default 5
alter table t add constraint f1 foreign key (b) references p(id)
alter table t add foreign key (a) references p(id), add foreign key (c) references p(id)
alter table t add foreign key (a) references p(b)
alter table t add constraint f9 foreign key (a) references p(id)
insert into t values (5,1,'q')
alter table t drop column a, drop column b, drop column c
create table u (a int, b int, c int, unique(a,b), key(b,c))
alter table u drop column b
alter table u drop column c
show create table u
alter table u add primary key (a), add primary key (a)
alter table u add index (a), add index zz(zz)
alter table u add column if not exists a int
alter table u drop column if exists zzz
alter table u engine=myisam, comment='x'
show create table u
alter table u rename to test.uu
show tables
alter table uu convert to character set latin1
show create table uu
alter table nosuch add a int
alter table uu add check (a>1), add constraint cc check(a<>2)
show create table uu
alter table uu drop constraint cc
show create table uu
alter table t rename to p
alter table t drop foreign key f9
rename table t to t2, p to t, t2 to p
show create table p
truncate table t
drop table t
alter table p auto_increment=100
show create table p
alter table p add key(b), algorithm=inplace, lock=none
alter table p add column z int not null first, add y varchar(3) not null default 'q' after a
select * from p
select * from p where a=1
create index b on p(c)
create index b2 on p(c desc)
create unique index u2 on p(c,b)
show create table p
drop index nosuch on p
drop index u2 on p
insert into p (b,c) values (1,'n')
select * from p order by a
truncate table zz
rename table a to b
create table like1 like p
show create table like1
create table like1 like p
create table x like nosuch.t
create table m (a int primary key, b varchar(5)) engine=myisam
insert into m values (3,'c'),(1,'a'),(2,'b')
select * from m
alter table m engine=innodb
select * from m
alter table m modify b int
alter table m modify b varchar(1)
alter table m modify a bigint unsigned, change b bb char(3) not null default 'k' first
select * from m
show create table m
alter table m drop primary key, add primary key (bb)
insert into m values ('a', 9)
alter table m add unique (bb), add index (a, bb)
show create table m
alter table m rename index a to aa
alter table m alter bb drop default
alter table m rename column bb to cc
show create table m
alter table m drop index aa, add index aa (cc)
show create table m
alter table m add column d datetime default '2020-02-03', add e decimal(5,2) not null, add f date not null default '2001-01-01'
select * from m
delete from m where cc='c'
alter table m add column n int auto_increment unique
select * from m
truncate m
select * from m
drop table m, nosuch
create or replace table like1 (q int)
show create table like1
create table k (id int primary key, self int, foreign key (self) references k(id))
show create table k
alter table k rename to kk
show create table kk
insert into kk values (1,1),(2,3)
alter table kk change id ident int
show create table kk
