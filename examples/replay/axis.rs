//! Axes of a chart: from where to where, and with which marks.

use core::ops::Range;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// The numbers beside which a mark is easy to read, within a power of ten.
const ROUND: [f64; 3] = [1.0, 2.0, 5.0];

/// How far apart the smallest and the largest number are before the axis counts powers of ten.
const WIDE: f64 = 8.0;

/// Over more powers of ten than this only they are marked, so that there is room for what stands beside the marks.
const MANY_POWERS: f64 = 5.0;

pub(crate) struct Axis {
    unit: &'static str,
    logarithmic: bool,
    from: f64,
    to: f64,
}

impl Axis {
    pub(crate) fn for_capacities(capacities: impl Iterator<Item = f64> + Clone) -> Self {
        let least = capacities.clone().fold(f64::INFINITY, f64::min);
        let most = capacities.fold(1.0, f64::max);
        let logarithmic = most / least >= WIDE;
        let (from, to) = if logarithmic { (least / 1.25, most * 1.25) } else { (0.0, most * 1.08) };
        Self { unit: "", logarithmic, from, to }
    }

    /// From nothing to the next ten percent above the best.
    pub(crate) fn for_percent(ratios: impl Iterator<Item = f64>) -> Self {
        let most = ratios.fold(0.0, f64::max);
        let to = ((most + 1.0) / 10.0).ceil().clamp(1.0, 10.0) * 10.0;
        Self { unit: " %", logarithmic: false, from: 0.0, to }
    }

    /// What is the same distance apart on paper.
    fn scale(&self, number: f64) -> f64 {
        if self.logarithmic { number.log10() } else { number }
    }

    fn powers(&self) -> Vec<f64> {
        let (first, last) = (self.from.log10().floor(), self.to.log10().ceil());
        let many = self.scale(self.to) - self.scale(self.from) > MANY_POWERS;
        let round = if many { &ROUND[..1] } else { &ROUND[..] };
        let powers =
            core::iter::successors(Some(first), |power| Some(power + 1.0)).take_while(|&power| power <= last);
        powers.flat_map(|power| round.iter().map(move |digit| digit * 10_f64.powf(power))).collect()
    }

    /// About six to twelve marks, a round number apart.
    fn steps(&self) -> Vec<f64> {
        let power = 10_f64.powf((self.to / 12.0).log10().floor());
        let steps = ROUND.iter().chain(&[10.0]).map(|digit| digit * power);
        let step = steps.filter(|step| self.to / step <= 12.0).fold(f64::INFINITY, f64::min);
        core::iter::successors(Some(0.0), |mark| Some(mark + step))
            .take_while(|&mark| mark <= self.to)
            .collect()
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "a position within a drawing")]
    fn map(&self, number: &f64, (first, last): (i32, i32)) -> i32 {
        let (from, to) = (self.scale(self.from), self.scale(self.to));
        let part = (self.scale(*number) - from) / (to - from);
        first + (part * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        let marks = if self.logarithmic { self.powers() } else { self.steps() };
        marks.into_iter().filter(|mark| (self.from..=self.to).contains(mark)).collect()
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, number: &f64) -> String {
        format!("{}{}", short(*number), self.unit)
    }
}

/// 2000000 as 2M.
fn short(number: f64) -> String {
    let units = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    let (size, unit) = units.into_iter().find(|&(size, _)| number >= size * 0.999).unwrap_or((1.0, ""));
    let number = (number / size * 100.0).round() / 100.0;
    format!("{number}{unit}")
}
