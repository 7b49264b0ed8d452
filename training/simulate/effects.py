"""The size of every effect that a simulation puts into its counts: what a forecast could at best find again.

Factors of the calendar are relative to an ordinary day; shapes over the week have mean 1 and begin on Monday. The
orders of magnitude are those that English emergency departments and wards report.
"""

# Attendances. Negative binomial: variance = mean + mean^2 / DISPERSION.
ATTENDANCES_PER_DAY = (260.0, 480.0)  # a site's own size: from a district general to a large teaching hospital
DISPERSION = 150.0
WEEKDAY_ATTENDANCES = (1.09, 1.03, 1.00, 0.99, 0.98, 0.95, 0.96)
WINTER_ATTENDANCES = 0.025  # amplitude of a yearly wave
PEAK_DAY_OF_YEAR = 15  # mid-January, where English bed occupancy peaks
BANK_HOLIDAY_ATTENDANCES = 0.94
AFTER_BANK_HOLIDAY_ATTENDANCES = 1.06
CHRISTMAS_DAY_ATTENDANCES = 0.75  # in place of BANK_HOLIDAY_ATTENDANCES
SCHOOL_TERM_ATTENDANCES = 1.03
DIVERT_ATTENDANCES = 0.85

# The level drifts: log level(d) = LEVEL_DECAY * log level(d-1) + noise, for the region and for each site alike.
LEVEL_SD = 0.015  # of the log level, in the long run
LEVEL_DECAY = 0.9926  # 0.8 of a deviation is left after 30 days

# Conversion: the chance that an attendance is to be admitted.
CONVERSION = (0.24, 0.30)  # a site's own
WEEKDAY_CONVERSION = (1.02, 1.02, 1.02, 1.02, 1.00, 0.96, 0.96)
WINTER_CONVERSION = 0.04

# Stays: short and long ones, each with its own chance of leaving on a day, 1 / stay, times the factors of the day.
SHORT_STAY_DAYS = 2.5
LONG_STAY_DAYS = 14.0
STAY_FACTOR = (0.9, 1.1)  # a site's own, for both classes
WEEKDAY_LONG_SHARE = 0.36  # of the patients admitted on Monday to Friday
WEEKEND_LONG_SHARE = 0.44
BANK_HOLIDAY_LONG_SHARE = 0.48  # also where it falls on a weekend
WEEKDAY_DISCHARGES = (1.05, 1.12, 1.10, 1.10, 1.23, 0.75, 0.65)
BANK_HOLIDAY_DISCHARGES = 0.65  # as on a Sunday

# Hours: how many in a hundred of a day's admissions and discharges fall in each of its hours, from midnight on.
ADMISSIONS_BY_HOUR = (
    *(4.4, 3.9, 3.4, 2.9, 2.5, 2.2, 2.0, 2.0, 2.2, 2.6, 3.4, 4.2),
    *(4.8, 5.2, 5.5, 5.7, 5.8, 5.8, 5.7, 5.5, 5.3, 5.2, 5.0, 4.8),
)
DISCHARGES_BY_HOUR = (
    *(0.9, 0.6, 0.5, 0.4, 0.4, 0.4, 0.5, 0.8, 1.6, 3.0, 5.5, 7.5),
    *(8.5, 9.0, 10.0, 10.5, 10.5, 9.5, 7.5, 5.0, 3.2, 2.0, 1.2, 1.0),
)

# Beds, and what happens when they run out.
BEDS_PER_STEADY_CENSUS = (1.05, 1.11)  # a site's own
WARD_SIZE = (0.7, 1.3)  # of a ward, relative to the others of its site
ESCALATION_RATE = 0.95  # of the site's open beds, yesterday: from there on it is escalated
ESCALATION_SHARE = 0.08  # of a bottom place's beds that may be opened beyond them
ESCALATION_DISCHARGES = 1.15
WINTER_WARD_SHARE = 0.05  # of the site's beds
WINTER_WARD_OPENS = (12, 1)  # month and day
WINTER_WARD_CLOSES = (3, 31)
REFIT_SHARE = 0.02
REFIT_DAYS = 42

# Declared events, and one that nobody declared.
DIVERTS_PER_YEAR = 2
DIVERT_LONGEST_DAYS = 3
STRIKES_PER_YEAR = 3
STRIKE_LONGEST_DAYS = 5
STRIKE_ATTENDANCES = 0.95
STRIKE_CONVERSION = 0.92
STRIKE_DISCHARGES = 0.80
LOCKDOWN_ATTENDANCES = 0.5  # at the bottom
LOCKDOWN_FALL_DAYS = 14
LOCKDOWN_HALF_LIFE_DAYS = 60  # of the deviation that is left, once it recovers
