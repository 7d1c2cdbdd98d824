//! Times in the browser's time zone, in the page's language, with the clock of the browser's region.

use std::cell::{Cell, RefCell};

use causerie_client::RowTime;
use causerie_protocol::Timestamp;
use causerie_texts::say;
use js_sys::{Date, Function, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::language::DateStyle;

const DAY_MS: f64 = 86_400_000.0;

/// In every time zone a day begins with a quarter of an hour.
const QUARTER_MS: f64 = 900_000.0;
const MINUTE_MS: f64 = 60_000.0;

/// Milliseconds since 1970 of a time from the server; NaN when it can't be parsed.
pub fn millis(time: &Timestamp) -> f64 {
    // The browser need not be asked about what every server sends.
    time.unix_millis().map_or_else(|| Date::parse(&time.0), |millis| millis as f64)
}

/// Milliseconds since 1970 of a row's time.
pub fn row_millis(time: &RowTime) -> f64 {
    match time {
        RowTime::Server(time) => millis(time),
        RowTime::Local(time) => *time as f64,
    }
}

thread_local! {
    /// The quarter of an hour that was looked at last, counted since 1970, and its day: most rows follow each other.
    static LAST_DAY: Cell<(f64, i64)> = const { Cell::new((f64::NAN, 0)) };
}

/// The number of the day of a time, in the browser's time zone.
pub fn day(millis: f64) -> i64 {
    let quarter = (millis / QUARTER_MS).floor();
    let (last, day) = LAST_DAY.get();
    if last == quarter {
        return day;
    }
    let date = Date::new(&millis.into());
    let day = ((millis - date.get_timezone_offset() * MINUTE_MS) / DAY_MS).floor() as i64;
    LAST_DAY.set((quarter, day));
    day
}

/// A minute, counted since 1970, and how it is written.
type Written = RefCell<(f64, String)>;

/// Formats times; created once, since the browser's formatters are expensive.
pub struct Clock {
    /// What was written last of each kind: most rows follow each other.
    last_time: Written,
    last_full: Written,
    time: Function,
    weekday: Function,
    day: Function,
    day_and_year: Function,
    short_day: Function,
    short_weekday: Function,
    full: Function,
}

impl Default for Clock {
    fn default() -> Self {
        // A clock is made again when the time zone may be another one.
        LAST_DAY.set((f64::NAN, 0));
        let style = DateStyle::of_browser();
        let formatter = |options: &[(&str, &str)]| formatter(&style, options);
        Self {
            last_time: RefCell::new((f64::NAN, String::new())),
            last_full: RefCell::new((f64::NAN, String::new())),
            time: formatter(&[("hour", "2-digit"), ("minute", "2-digit")]),
            weekday: formatter(&[("weekday", "long")]),
            day: formatter(&[("weekday", "long"), ("day", "numeric"), ("month", "long")]),
            day_and_year: formatter(&[("day", "numeric"), ("month", "long"), ("year", "numeric")]),
            short_day: formatter(&[("day", "numeric"), ("month", "short")]),
            short_weekday: formatter(&[("weekday", "short")]),
            full: formatter(&[("dateStyle", "medium"), ("timeStyle", "short")]),
        }
    }
}

impl Clock {
    /// The time of day: `09:41`.
    pub fn time(&self, millis: f64) -> String {
        once_a_minute(&self.last_time, &self.time, millis)
    }

    /// Day and time: `22 Nov 2026, 09:41`.
    pub fn full(&self, millis: f64) -> String {
        once_a_minute(&self.last_full, &self.full, millis)
    }

    /// The day as a separator between messages: `Today`, `Yesterday`, `Sunday`, `Thursday 12 November`.
    pub fn day(&self, millis: f64, now: f64) -> String {
        match day(now) - day(millis) {
            0 => say!(Today).to_owned(),
            1 => say!(Yesterday).to_owned(),
            2..=6 => format(&self.weekday, millis),
            -1..=300 => format(&self.day, millis),
            _ => format(&self.day_and_year, millis),
        }
    }

    /// The shortest form, for the list of chats: `09:41`, `Sun`, `12 Nov`.
    pub fn short(&self, millis: f64, now: f64) -> String {
        match day(now) - day(millis) {
            0 => self.time(millis),
            1..=6 => format(&self.short_weekday, millis),
            -1..=300 => format(&self.short_day, millis),
            _ => format(&self.day_and_year, millis),
        }
    }
}

fn formatter(style: &DateStyle, options: &[(&str, &str)]) -> Function {
    let object = Object::new();
    // It has an effect where an hour is written.
    let _ = Reflect::set(&object, &JsValue::from_str("hourCycle"), &style.hour_cycle);
    for (name, value) in options {
        // Setting a property of a new plain object can't fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(value));
    }
    Intl::DateTimeFormat::new(&style.locales, &object).format()
}

/// As [`format()`] with a formatter that writes minutes and nothing shorter.
fn once_a_minute(last: &Written, formatter: &Function, millis: f64) -> String {
    let minute = (millis / MINUTE_MS).floor();
    let mut last = last.borrow_mut();
    if last.0 != minute {
        *last = (minute, format(formatter, millis));
    }
    last.1.clone()
}

fn format(formatter: &Function, millis: f64) -> String {
    // `format` throws a RangeError for an invalid date; nothing is shown then.
    let written = formatter.call1(&JsValue::UNDEFINED, &millis.into()).ok();
    written.and_then(|text| text.as_string()).unwrap_or_default()
}
