/** An analytical question, asked of both databases in the same words. */
export interface Question {
  readonly title: string;
  readonly sql: string;
}

/**
 * Everything in the answers is exact (whole numbers, decimals, times, texts), so they can be
 * compared value by value, and every order is total.
 */
export const revenueByMonth: Question = {
  title: 'Revenue by month and category',
  sql: `
SELECT YEAR(o.placed_at) AS year, MONTH(o.placed_at) AS month, c.name AS category,
  SUM(i.quantity) AS pieces, SUM(i.quantity * i.unit_price * (1 - i.discount)) AS revenue
FROM orders o
JOIN order_items i ON i.order_id = o.id
JOIN products p ON p.id = i.product_id
JOIN categories c ON c.id = p.category_id
WHERE o.status <> 'cancelled'
GROUP BY YEAR(o.placed_at), MONTH(o.placed_at), c.name
ORDER BY year, month, category`,
};

export const topCustomers: Question = {
  title: 'Customers who paid most',
  sql: `
SELECT c.id, c.first_name, c.last_name, a.city,
  COUNT(*) AS orders, SUM(p.amount) AS paid, MAX(o.placed_at) AS last_order
FROM customers c
JOIN orders o ON o.customer_id = c.id
JOIN addresses a ON a.id = o.address_id
JOIN payments p ON p.order_id = o.id
WHERE NOT p.refunded
GROUP BY c.id, c.first_name, c.last_name, a.city
ORDER BY paid DESC, c.id
LIMIT 8`,
};

export const orderValues: Question = {
  title: 'Median and percentiles of order value',
  sql: `
WITH ranked AS (
  SELECT a.country, o.total,
    ROW_NUMBER() OVER (PARTITION BY a.country ORDER BY o.total, o.id) AS place,
    COUNT(*) OVER (PARTITION BY a.country) AS placed
  FROM orders o
  JOIN addresses a ON a.id = o.address_id
  WHERE o.status = 'delivered'
)
SELECT country, COUNT(*) AS orders,
  MIN(CASE WHEN place * 2 >= placed THEN total END) AS median,
  MIN(CASE WHEN place * 10 >= placed * 9 THEN total END) AS percentile_90,
  MIN(CASE WHEN place * 100 >= placed * 99 THEN total END) AS percentile_99
FROM ranked
GROUP BY country
ORDER BY country`,
};
