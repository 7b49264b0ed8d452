-- Highest likely occupancy of each place in the next week, and what its last counted day was.
-- With the extension httpfs DuckDB reads addresses. Without it, read the files of fetch.sh.
-- Where the service has keys: CREATE SECRET headroom (TYPE http, BEARER_TOKEN '...');
WITH forecasts AS (
    SELECT place, ds, "q0.9"
    FROM read_csv('http://127.0.0.1:8000/v1/forecasts?format=csv&measure=occupancy&horizon=7&quantiles=0.5,0.9')
),
actuals AS (
    SELECT place, arg_max(y, ds) AS last_counted
    FROM read_csv('http://127.0.0.1:8000/v1/actuals?format=csv&measure=occupancy')
    GROUP BY place
)
SELECT places.place, places.name, max("q0.9") AS highest, any_value(last_counted) AS last_counted
FROM read_csv('http://127.0.0.1:8000/v1/places?format=csv') AS places
JOIN forecasts USING (place)
JOIN actuals USING (place)
GROUP BY ALL
ORDER BY highest DESC;
