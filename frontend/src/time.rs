//! Times in the browser's time zone, in the page's language, with the clock of the browser's region.

use causerie_client::RowTime;
use causerie_protocol::Timestamp;
use causerie_texts::say;
use js_sys::{Date, Function, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::language::DateStyle;

const DAY_MS: f64 = 86_400_000.0;

/// Milliseconds since 1970 of a time from the server; NaN when it can't be parsed.
pub fn millis(time: &Timestamp) -> f64 {
    Date::parse(&time.0)
}

/// Milliseconds since 1970 of a row's time.
pub fn row_millis(time: &RowTime) -> f64 {
    match time {
        RowTime::Server(time) => millis(time),
        RowTime::Local(time) => *time as f64,
    }
}

/// The number of the day of a time, in the browser's time zone.
pub fn day(millis: f64) -> i64 {
    let date = Date::new(&millis.into());
    ((millis - date.get_timezone_offset() * 60_000.0) / DAY_MS).floor() as i64
}

/// Formats times; created once, since the browser's formatters are expensive.
pub struct Clock {
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
        let style = DateStyle::of_browser();
        let formatter = |options: &[(&str, &str)]| formatter(&style, options);
        Self {
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
        format(&self.time, millis)
    }

    /// Day and time: `22 Nov 2026, 09:41`.
    pub fn full(&self, millis: f64) -> String {
        format(&self.full, millis)
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

fn format(formatter: &Function, millis: f64) -> String {
    // `format` throws a RangeError for an invalid date; nothing is shown then.
    let written = formatter.call1(&JsValue::UNDEFINED, &millis.into()).ok();
    written.and_then(|text| text.as_string()).unwrap_or_default()
}
