#include "base/clock.h"

#include "base/fail.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

/* The only reader of the time, and its text form. */

int64_t clock_now(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        fail_bug("the system has no clock", NULL);
    return now.tv_sec;
}

int64_t clock_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
        fail_bug("the system has no clock", NULL);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#define YEAR_1 (INT64_C(-62135596800))
#define YEAR_9999_END (INT64_C(253402300799))

char *clock_format(struct arena *arena, int64_t seconds)
{
    /* Four digits for the year; what lies outside is no time that any system means. */
    if (seconds < YEAR_1)
        seconds = YEAR_1;
    if (seconds > YEAR_9999_END)
        seconds = YEAR_9999_END;
    time_t when = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&when, &tm) == NULL)
        fail_bug("a time that cannot be split", NULL);
    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
        tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Exactly `digits` digits at *at, between `low` and `high`; moves *at behind them. */
static bool take_number(const char **at, int digits, int low, int high, int *ret)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (!isdigit((unsigned char)(*at)[i]))
            return false;
        value = value * 10 + ((*at)[i] - '0');
    }
    if (value < low || value > high)
        return false;
    *at += digits;
    *ret = value;
    return true;
}

static bool take_char(const char **at, const char *any_of)
{
    if (**at == '\0' || strchr(any_of, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

/* Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March. */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int days_in_month(int year, int month)
{
    if (month == 2)
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static bool take_date(const char **at, int64_t *ret_days)
{
    int year = 0, month = 0, day = 0;
    if (!take_number(at, 4, 1, 9999, &year) || !take_char(at, "-"))
        return false;
    if (!take_number(at, 2, 1, 12, &month) || !take_char(at, "-"))
        return false;
    if (!take_number(at, 2, 1, days_in_month(year, month), &day))
        return false;
    *ret_days = days_from_date(year, month, day);
    return true;
}

static bool take_time(const char **at, int64_t *ret_seconds)
{
    int hour = 0, minute = 0, second = 0;
    if (!take_number(at, 2, 0, 23, &hour) || !take_char(at, ":"))
        return false;
    if (!take_number(at, 2, 0, 59, &minute))
        return false;
    if (take_char(at, ":")) {
        /* 60: a leap second, which counts as the first of the next minute */
        if (!take_number(at, 2, 0, 60, &second))
            return false;
        if (take_char(at, ".,")) {
            if (!isdigit((unsigned char)**at))
                return false;
            while (isdigit((unsigned char)**at))
                (*at)++;
        }
    }
    *ret_seconds = (int64_t)hour * 3600 + minute * 60 + second;
    return true;
}

/* "Z", "+02", "+02:00", "+0200" (PostgreSQL writes the short form), or nothing: UTC. */
static bool take_zone(const char **at, int64_t *ret_offset)
{
    *ret_offset = 0;
    if (**at == '\0' || take_char(at, "Zz"))
        return true;
    int64_t sign = **at == '-' ? -1 : 1;
    if (!take_char(at, "+-"))
        return false;
    int hours = 0, minutes = 0;
    if (!take_number(at, 2, 0, 23, &hours))
        return false;
    if (take_char(at, ":") || **at != '\0') {
        if (!take_number(at, 2, 0, 59, &minutes))
            return false;
    }
    *ret_offset = sign * ((int64_t)hours * 3600 + minutes * 60);
    return true;
}

bool clock_parse(const char *text, int64_t *ret_seconds)
{
    if (text == NULL)
        return false;
    const char *at = text;
    int64_t days = 0, seconds = 0, offset = 0;
    if (!take_date(&at, &days))
        return false;
    if (*at != '\0') {
        if (!take_char(&at, "Tt ") || !take_time(&at, &seconds))
            return false;
        if (!take_zone(&at, &offset) || *at != '\0')
            return false;
    }
    *ret_seconds = days * 86400 + seconds - offset;
    return true;
}
