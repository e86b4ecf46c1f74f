/**
 * The tables of the sample shop. Between them they have every column type that Ducktail maps; the
 * indexes are those a shop would have, so that MySQL's query times are fair. Indexes that loading
 * does not need are in `shopIndexes`, as building them at the end is quicker.
 */

/** CREATE statements in the order of creation; `hasVectors`: the server knows VECTOR (MySQL 9). */
export function shopTables(hasVectors: boolean): string[] {
  return [
    categories,
    products(hasVectors),
    customers,
    addresses,
    orders,
    orderItems,
    payments,
    reviews,
  ];
}

export const shopIndexes = [
  'ALTER TABLE products ADD KEY (category_id)',
  'ALTER TABLE customers ADD UNIQUE KEY (email)',
  'ALTER TABLE addresses ADD KEY (customer_id)',
  'ALTER TABLE reviews ADD KEY (product_id)',
  'ALTER TABLE payments ADD KEY (order_id)',
  'ALTER TABLE orders ADD KEY (customer_id), ADD KEY (placed_at)',
  'ALTER TABLE order_items ADD KEY (product_id)',
];

const categories = `
CREATE TABLE categories (
  id SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
  parent_id SMALLINT UNSIGNED NULL,
  name VARCHAR(60) NOT NULL,
  name_ru VARCHAR(60) CHARACTER SET cp1251 NOT NULL,
  code CHAR(6) CHARACTER SET latin1 NOT NULL,
  shelf TINYINT NOT NULL,
  since YEAR NOT NULL,
  margin FLOAT NOT NULL,
  opens TIME NOT NULL,
  icon TINYBLOB NOT NULL,
  description TINYTEXT NULL
)`;

function products(hasVectors: boolean): string {
  return `
CREATE TABLE products (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  category_id SMALLINT UNSIGNED NOT NULL,
  sku CHAR(12) CHARACTER SET ascii NOT NULL,
  name VARCHAR(120) NOT NULL,
  price DECIMAL(10,2) NOT NULL,
  price_with_tax DECIMAL(12,4) GENERATED ALWAYS AS (price * 1.19) STORED,
  cost DECIMAL(38,12) NOT NULL,
  exchange_factor DECIMAL(65,30) NOT NULL,
  weight_kg FLOAT NOT NULL,
  volume_m3 DOUBLE NOT NULL,
  stock MEDIUMINT NOT NULL,
  reserved MEDIUMINT UNSIGNED NOT NULL,
  labels SET('new', 'sale', 'eco', 'last pieces') NOT NULL,
  attributes JSON NOT NULL,
  model_year YEAR NULL,
  on_sale BIT(1) NOT NULL,
  warehouses BIT(24) NOT NULL,
  barcode BIGINT UNSIGNED NOT NULL,
  thumbnail BLOB NULL,
  manual MEDIUMTEXT NULL,
  datasheet LONGBLOB NULL,
  ${hasVectors ? 'embedding VECTOR(8) NULL,' : ''}
  added_on DATE NOT NULL,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
)`;
}

const customers = `
CREATE TABLE customers (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  email VARCHAR(120) NOT NULL,
  first_name VARCHAR(60) NOT NULL,
  last_name VARCHAR(60) NOT NULL,
  password_hash BINARY(32) NOT NULL,
  last_address VARBINARY(16) NULL,
  birth_date DATE NULL,
  newsletter TINYINT(1) NOT NULL,
  level TINYINT UNSIGNED NOT NULL,
  points SMALLINT NOT NULL,
  balance DECIMAL(18,4) NOT NULL,
  preferences JSON NULL,
  registered_at DATETIME NOT NULL,
  updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
)`;

const addresses = `
CREATE TABLE addresses (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id INT UNSIGNED NOT NULL,
  kind ENUM('home', 'work', 'parcel shop') NOT NULL,
  street VARCHAR(120) NOT NULL,
  city VARCHAR(60) NOT NULL,
  postcode CHAR(10) NOT NULL,
  country CHAR(2) CHARACTER SET ascii NOT NULL,
  location POINT NOT NULL,
  delivery_zone GEOMETRY NULL,
  route LINESTRING NULL
)`;

const orders = `
CREATE TABLE orders (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id INT UNSIGNED NOT NULL,
  address_id INT UNSIGNED NOT NULL,
  status ENUM('new', 'paid', 'shipped', 'delivered', 'cancelled') NOT NULL,
  total DECIMAL(12,2) NOT NULL,
  item_count SMALLINT UNSIGNED NOT NULL,
  gift TINYINT(1) NOT NULL,
  note VARCHAR(255) NULL,
  placed_at DATETIME(6) NOT NULL,
  deliver_before TIME(3) NULL,
  delivered_on DATE NULL,
  updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
)`;

const orderItems = `
CREATE TABLE order_items (
  order_id BIGINT UNSIGNED NOT NULL,
  line TINYINT UNSIGNED NOT NULL,
  product_id INT UNSIGNED NOT NULL,
  quantity SMALLINT NOT NULL,
  unit_price DECIMAL(10,2) NOT NULL,
  discount DECIMAL(4,3) NOT NULL,
  PRIMARY KEY (order_id, line)
)`;

const payments = `
CREATE TABLE payments (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id BIGINT UNSIGNED NOT NULL,
  method ENUM('card', 'transfer', 'wallet', 'invoice') NOT NULL,
  amount DECIMAL(12,2) NOT NULL,
  fee DOUBLE NOT NULL,
  reference BINARY(16) NOT NULL,
  refunded BOOLEAN NOT NULL,
  answered_after TIME(6) NOT NULL,
  paid_at TIMESTAMP(3) NOT NULL
)`;

const reviews = `
CREATE TABLE reviews (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  product_id INT UNSIGNED NOT NULL,
  customer_id INT UNSIGNED NOT NULL,
  rating TINYINT UNSIGNED NOT NULL,
  helpful MEDIUMINT UNSIGNED NOT NULL,
  title VARCHAR(120) NOT NULL,
  body TEXT NULL,
  photo MEDIUMBLOB NULL,
  answer LONGTEXT NULL,
  submitted_at DATETIME(3) NOT NULL
)`;
