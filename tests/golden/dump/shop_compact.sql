/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `alpha` (
  `a` int(11) DEFAULT NULL,
  `z` int(10) unsigned DEFAULT NULL,
  `n` decimal(9,2) NOT NULL DEFAULT 1.50,
  KEY `z` (`z`),
  CONSTRAINT `alpha_ibfk_1` FOREIGN KEY (`z`) REFERENCES `zeta` (`id`) ON DELETE CASCADE,
  CONSTRAINT `CONSTRAINT_1` CHECK (`n` > -1000)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;
/*!40101 SET character_set_client = @saved_cs_client */;
INSERT INTO `alpha` VALUES
(1,1,2.50),
(2,5,3.00),
(3,NULL,0.00);
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `storage` (
  `k` int(11) NOT NULL,
  `v` varchar(9) DEFAULT NULL,
  UNIQUE KEY `k` (`k`)
) ENGINE=MyISAM DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;
/*!40101 SET character_set_client = @saved_cs_client */;
INSERT INTO `storage` VALUES
(3,'c'),
(4,'d'),
(2,'b'),
(9,'z');
