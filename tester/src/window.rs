//! Which lines of a long list are visible.

use std::ops::Range;

use crate::limits::{OVERSCAN, ROW_PX};

/// The indexes of the lines to draw, for a list of `count` lines; `scrolled` and `height` are in CSS pixels.
pub fn in_sight(count: usize, scrolled: f64, height: f64) -> Range<usize> {
    let first = (scrolled.max(0.0) / ROW_PX) as usize;
    let rows = (height.max(0.0) / ROW_PX).ceil() as usize + 1;
    let end = (first + rows + OVERSCAN).min(count);
    first.saturating_sub(OVERSCAN).min(end)..end
}

/// The scroll position at which a line is wholly visible; `None` when it is visible already.
pub fn scroll_to(place: usize, scrolled: f64, height: f64) -> Option<f64> {
    let top = place as f64 * ROW_PX;
    let bottom = top + ROW_PX;
    if top < scrolled {
        Some(top)
    } else if bottom > scrolled + height {
        Some(bottom - height)
    } else {
        None
    }
}

/// Whether a list is scrolled to its end, so that it follows new lines.
pub fn at_end(count: usize, scrolled: f64, height: f64) -> bool {
    count as f64 * ROW_PX - scrolled - height < ROW_PX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_lines_are_drawn_however_long_the_list_is() {
        let rows = in_sight(10_000, 5_000.0 * ROW_PX, 20.0 * ROW_PX);
        assert!(rows.contains(&5_000) && rows.contains(&5_020), "{rows:?}");
        assert!(rows.len() <= 20 + 2 * OVERSCAN + 2, "{rows:?}");
        assert_eq!(in_sight(3, 0.0, 500.0), 0..3);
        assert_eq!(in_sight(0, 0.0, 500.0), 0..0);
        // A list that shrank below where it was scrolled to.
        assert_eq!(in_sight(3, 9_000.0, 500.0), 3..3);
    }

    #[test]
    fn a_line_comes_into_sight_by_the_shortest_way() {
        assert_eq!(scroll_to(0, 100.0, 300.0), Some(0.0));
        assert_eq!(scroll_to(5, 100.0, 300.0), None);
        assert_eq!(scroll_to(20, 0.0, 300.0), Some(21.0 * ROW_PX - 300.0));
    }

    #[test]
    fn the_end_is_followed_and_no_other_place() {
        assert!(at_end(100, 100.0 * ROW_PX - 300.0, 300.0));
        assert!(!at_end(100, 50.0 * ROW_PX, 300.0));
        assert!(at_end(2, 0.0, 300.0));
    }
}
