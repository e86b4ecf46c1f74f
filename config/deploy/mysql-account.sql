-- The account that Ducktail reads with: run once by the MySQL container when its data is made.
CREATE USER 'ducktail'@'%' IDENTIFIED BY 'ducktail';
GRANT SELECT, LOCK TABLES ON shop.* TO 'ducktail'@'%';
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'ducktail'@'%';
