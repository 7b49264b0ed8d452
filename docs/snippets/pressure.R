# Chance of no bed by place and day, as a data frame: source("pressure.R").
# HEADROOM_URL: address of the service. HEADROOM_KEY: a key; leave it out where the service has none.
address <- Sys.getenv("HEADROOM_URL", "http://127.0.0.1:8000")
key <- Sys.getenv("HEADROOM_KEY")
headers <- if (nzchar(key)) c(Authorization = paste("Bearer", key)) else NULL

pressure <- read.csv(
  url(paste0(address, "/v1/pressure?format=csv&horizon=7&quantiles=0.1,0.5,0.9"), headers = headers),
  check.names = FALSE,
  colClasses = c(place = "character", parent = "character", cutoff = "Date", ds = "Date")
)
print(pressure[order(pressure$ds, pressure$rank), c("ds", "name", "beds", "headroom_q0.5", "short_1")])
