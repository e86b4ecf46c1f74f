/**
 * What the sample shop holds, as INSERT … SELECT statements over number sequences: the server makes
 * the rows itself, and every value follows from its row's number, so each run has the same data.
 */

const ORDER_COUNT = 500_000;
const CUSTOMER_COUNT = 50_000;
const ADDRESS_COUNT = 65_000;
const PRODUCT_COUNT = 2_000;
const CATEGORY_COUNT = 16;
const REVIEW_COUNT = 120_000;
/** Small enough that the server keeps a statement's sequence in memory. */
const CHUNK_ROWS = 100_000;
/** Spreads the orders over two years. */
const SECONDS_BETWEEN_ORDERS = 126;

/** Statements of one lane depend only on those before them in it, and on `shopBasics`. */
export type LoadLane = readonly string[];

/** What the lanes look up, or need first. */
export function shopBasics(hasVectors: boolean): string[] {
  return [categories(), products(hasVectors)];
}

/** Two lanes of about equal work, for two connections. */
export function shopLanes(): [LoadLane, LoadLane] {
  const orderRanges = ranges(ORDER_COUNT);
  const half = Math.ceil(orderRanges.length / 2);
  const orderStatements = (list: readonly Range[]) =>
    list.flatMap((range) => [orderItems(range), orders(range), payments(range)]);
  return [
    orderStatements(orderRanges.slice(0, half)),
    [
      ...ranges(CUSTOMER_COUNT).map(customers),
      ...ranges(ADDRESS_COUNT).map(addresses),
      ...ranges(REVIEW_COUNT).map(reviews),
      ...orderStatements(orderRanges.slice(half)),
    ],
  ];
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function ranges(count: number): Range[] {
  return Array.from({ length: Math.ceil(count / CHUNK_ROWS) }, (_, index) => ({
    first: index * CHUNK_ROWS + 1,
    last: Math.min((index + 1) * CHUNK_ROWS, count),
  }));
}

/** A CTE `seq (n)` of the numbers of a range. */
function sequence({ first, last }: Range): string {
  return `WITH RECURSIVE seq (n) AS (SELECT ${first} UNION ALL SELECT n + 1 FROM seq WHERE n < ${last})`;
}

/** A fraction from 0 to below 1 that looks random and is always the same for a number and salt. */
function fraction(salt: string, number = 'n'): string {
  return `(CRC32(CONCAT('${salt}', ${number})) / 4294967296e0)`;
}

/** A whole number from 0 to `limit` - 1, of the same kind. */
function pick(salt: string, limit: number, number = 'n'): string {
  return `FLOOR(${fraction(salt, number)} * ${limit})`;
}

function choose(salt: string, values: readonly string[], number = 'n'): string {
  const list = values.map((value) => `'${value}'`).join(', ');
  return `ELT(1 + ${pick(salt, values.length, number)}, ${list})`;
}

function categories(): string {
  const names = [
    ...['Audio', 'Books', 'Cameras', 'Coffee', 'Cycling', 'Garden', 'Games', 'Kitchen'],
    ...['Lamps', 'Music', 'Office', 'Outdoor', 'Shoes', 'Tools', 'Toys', 'Watches'],
  ];
  const russianNames = [
    ...['Звук', 'Книги', 'Камеры', 'Кофе', 'Велосипеды', 'Сад', 'Игры', 'Кухня'],
    ...['Лампы', 'Музыка', 'Офис', 'Походы', 'Обувь', 'Инструменты', 'Игрушки', 'Часы'],
  ];
  const quoted = (list: readonly string[]) => list.map((name) => `'${name}'`).join(', ');
  return `
INSERT INTO categories
${sequence({ first: 1, last: CATEGORY_COUNT })}
SELECT n, NULLIF(FLOOR(n / 4), 0), ELT(n, ${quoted(names)}), ELT(n, ${quoted(russianNames)}),
  CONCAT('C-', LPAD(n, 3, '0')), n - 8, 1995 + n, 0.1 + n / 64, SEC_TO_TIME(25200 + n * 450),
  UNHEX(SHA2(n, 224)), IF(n % 3 = 0, NULL, CONCAT('Everything on shelf ', n))
FROM seq`;
}

function products(hasVectors: boolean): string {
  const kinds = ['Classic', 'Café', 'Mini', 'Pro', 'Ångström', 'Travel', 'Night', 'Eco'];
  const things = ['Set', 'Box', 'Case', 'Stand', 'Kit', 'Bag', 'Ring', 'Plate'];
  const vector = Array.from({ length: 8 }, (_, index) => fraction(`v${index}`)).join(", ',', ");
  return `
INSERT INTO products (id, category_id, sku, name, price, cost, exchange_factor, weight_kg,
  volume_m3, stock, reserved, labels, attributes, model_year, on_sale, warehouses, barcode,
  thumbnail, manual, datasheet, ${hasVectors ? 'embedding,' : ''} added_on, updated_at)
${sequence({ first: 1, last: PRODUCT_COUNT })}
SELECT n, 1 + n % ${CATEGORY_COUNT}, CONCAT('SKU-', LPAD(n, 8, '0')),
  CONCAT(${choose('kind', kinds)}, ' ', ${choose('thing', things)}, ' ', n),
  4.99 + ROUND(POW(${fraction('price')}, 3) * 495), ${fraction('cost')} * 300,
  CAST(n AS DECIMAL(65,30)) / 7 + 12345678901234567890123456789012345.000000000000000000000000000001,
  ROUND(${fraction('weight')} * 20, 3), ${fraction('volume')} / 3, ${pick('stock', 4000)} - 100,
  ${pick('reserved', 50)}, ${pick('labels', 16)},
  JSON_OBJECT('colour', ${choose('colour', ['red', 'green', 'blue', 'white', 'black'])},
    'sizes', JSON_ARRAY(n % 7, n % 5 + 0.5, NULL), 'boxed', n % 2 = 0,
    'origin', JSON_OBJECT('country', ${choose('country', ['DE', 'FR', 'IT', 'JP'])}, 'lot', n * 1000003)),
  IF(n % 9 = 0, NULL, 1990 + n % 36), n % 2, ${pick('warehouses', 16_777_216)},
  18446744073709551615 - n, IF(n % 4 = 0, NULL, UNHEX(REPEAT(SHA2(n, 256), 4))),
  IF(n % 10 = 0, REPEAT(CONCAT('How to use item ', n, '. '), 40), NULL),
  IF(n % 50 = 0, UNHEX(REPEAT(SHA2(n, 512), 64)), NULL),
  ${hasVectors ? `STRING_TO_VECTOR(CONCAT('[', ${vector}, ']')),` : ''}
  '2015-01-01' + INTERVAL ${pick('added', 3200)} DAY,
  '2025-01-01' + INTERVAL ${pick('updated', 30_000_000)} SECOND + INTERVAL n MICROSECOND
FROM seq`;
}

function customers(range: Range): string {
  const firstNames = ['Ada', 'Björn', 'Chloé', 'Dmitri', 'Elif', 'Futa', 'Grażyna', 'Hugo', 'Ines'];
  const lastNames = ['Andersson', 'Brontë', 'Chen', 'Dvořák', 'Evans', 'Fischer', 'García', 'Hà'];
  return `
INSERT INTO customers
${sequence(range)}
SELECT n, CONCAT('customer', n, '@example.com'), ${choose('first', firstNames)},
  ${choose('last', lastNames)}, UNHEX(SHA2(n, 256)),
  IF(n % 5 = 0, INET6_ATON(CONCAT('2001:db8::', HEX(n))), INET6_ATON(CONCAT('192.0.2.', n % 256))),
  IF(n % 6 = 0, NULL, '1940-01-01' + INTERVAL ${pick('birth', 24_000)} DAY), n % 2,
  ${pick('level', 9)}, ${pick('points', 4000)} - 500, ${fraction('balance')} * 5000 - 1000,
  IF(n % 3 = 0, NULL, JSON_OBJECT('language', ${choose('language', ['de', 'en', 'fr', 'ru'])},
    'themes', JSON_ARRAY(${choose('theme', ['dark', 'light'])}), 'emoji', ${choose('emoji', ['🦆', '☕', '🚲'])})),
  '2018-01-01' + INTERVAL ${pick('registered', 180_000_000)} SECOND,
  '2025-01-01' + INTERVAL ${pick('updated', 30_000_000)} SECOND
FROM seq`;
}

/** The first addresses belong to the customers of the same numbers, the rest are further ones. */
function addresses(range: Range): string {
  const cities = ['Berlin', 'Paris', 'Kraków', 'Lisboa', 'Praha', 'Wien', 'Zürich', 'Århus'];
  const countries = ['DE', 'FR', 'PL', 'PT', 'CZ', 'AT', 'CH', 'DK'];
  const place = `1 + FLOOR(POW(${fraction('city')}, 2) * ${cities.length})`;
  const quoted = (list: readonly string[]) => list.map((name) => `'${name}'`).join(', ');
  return `
INSERT INTO addresses
${sequence(range)}
SELECT n, 1 + (n - 1) % ${CUSTOMER_COUNT}, ${choose('kind', ['home', 'work', 'parcel shop'])},
  CONCAT(${choose('street', ['Rue de la Paix', 'Hauptstraße', 'Lindenallee', 'ulica Długa'])}, ' ', n % 200),
  ELT(${place}, ${quoted(cities)}), LPAD(${pick('post', 99_999)}, 5, '0'),
  ELT(${place}, ${quoted(countries)}),
  POINT(6 + ${fraction('lon')} * 10, 45 + ${fraction('lat')} * 8),
  IF(n % 10 = 0, ST_GeomFromText(CONCAT('POLYGON((0 0,', n, ' 0,', n, ' 5,0 5,0 0))')), NULL),
  IF(n % 20 = 0, LINESTRING(POINT(0, 0), POINT(n, 1), POINT(n, n)), NULL)
FROM seq`;
}

/** One to three lines for each order of the range; popular products are those of low numbers. */
function orderItems(range: Range): string {
  const key = `CONCAT(n, '-', line)`;
  return `
INSERT INTO order_items
${sequence(range)}
SELECT n, line, id, 1 + FLOOR(POW(${fraction('quantity', key)}, 4) * 5), price,
  IF(${fraction('discount', key)} < 0.1, 0.150, 0)
FROM (SELECT n, line, 1 + FLOOR(POW(${fraction('product', key)}, 2) * ${PRODUCT_COUNT}) AS product
  FROM seq JOIN (SELECT 1 AS line UNION ALL SELECT 2 UNION ALL SELECT 3) AS numbered
  ON line <= 1 + CRC32(CONCAT('lines', n)) % 3) AS item
JOIN products ON id = product ORDER BY n, line`;
}

/** Orders add up their items, so these have to be there. */
function orders(range: Range): string {
  const placedAt = `'2024-01-01' + INTERVAL n * ${SECONDS_BETWEEN_ORDERS} SECOND + INTERVAL ${pick('us', 1_000_000)} MICROSECOND`;
  const customer = `1 + FLOOR(POW(${fraction('customer')}, 1.5) * ${CUSTOMER_COUNT})`;
  return `
INSERT INTO orders
SELECT n, ${customer}, ${customer},
  ELT(1 + IF(n > ${ORDER_COUNT - 3000}, n % 3, IF(${fraction('status')} < 0.05, 4, 3)),
    'new', 'paid', 'shipped', 'delivered', 'cancelled'),
  total, items, n % 12 = 0,
  IF(n % 10 < 7, NULL, CONCAT('Please ring twice. ', LEFT(SHA2(n, 256), 24))),
  ${placedAt}, IF(n % 4 = 0, NULL, SEC_TO_TIME(36000 + ${pick('before', 36_000_000)} / 1000)),
  IF(n > ${ORDER_COUNT - 3000}, NULL, DATE(${placedAt}) + INTERVAL 1 + n % 5 DAY),
  '2024-01-02' + INTERVAL n * ${SECONDS_BETWEEN_ORDERS} SECOND
FROM (SELECT order_id AS n, COUNT(*) AS items,
    ROUND(SUM(quantity * unit_price * (1 - discount)), 2) AS total
  FROM order_items WHERE order_id BETWEEN ${range.first} AND ${range.last} GROUP BY order_id) AS sums`;
}

function payments(range: Range): string {
  const salted = (salt: string) => fraction(salt, 'id');
  return `
INSERT INTO payments
SELECT id, id, ELT(1 + FLOOR(POW(${salted('method')}, 2) * 4), 'card', 'transfer', 'wallet', 'invoice'),
  total, total * 0.029 + 0.35, UNHEX(LEFT(SHA2(id, 224), 32)), ${salted('refund')} < 0.02,
  SEC_TO_TIME(${salted('answer')} * 30), placed_at + INTERVAL 40 SECOND
FROM orders WHERE id BETWEEN ${range.first} AND ${range.last} AND status <> 'cancelled' AND status <> 'new'`;
}

function reviews(range: Range): string {
  const titles = [
    'Great 👍',
    'As described',
    'Très bien',
    'Nicht schlecht',
    'Хорошо',
    'Broke soon',
  ];
  return `
INSERT INTO reviews
${sequence(range)}
SELECT n, 1 + FLOOR(POW(${fraction('product')}, 2) * ${PRODUCT_COUNT}),
  1 + ${pick('customer', CUSTOMER_COUNT)}, 5 - FLOOR(POW(${fraction('rating')}, 2) * 5),
  ${pick('helpful', 900)}, ${choose('title', titles)},
  IF(n % 4 = 0, NULL, CONCAT('Bought as a present. ', REPEAT('It works well so far. ', 1 + n % 9))),
  IF(n % 100 = 0, UNHEX(REPEAT(SHA2(n, 256), 20)), NULL),
  IF(n % 25 = 0, CONCAT('Thank you for review number ', n, '.'), NULL),
  '2024-01-03' + INTERVAL n * 520 SECOND + INTERVAL n % 1000 * 1000 MICROSECOND
FROM seq`;
}
