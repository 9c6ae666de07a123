//! The hit ratio over the capacity, as a drawing.

use crate::axis::Axis;
use crate::report::{Row, figure};
use core::error::Error;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// The curves of one kind of cache on one stream.
pub(crate) struct Curve {
    name: String,
    /// Capacity and hit ratio in percent, from the smallest capacity to the largest.
    points: Vec<(f64, f64)>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<T = ()> = Result<T, Box<dyn Error>>;

/// The size of the part with the axes, and of the title above it.
const PLOT: (u32, u32) = (760, 480);
const TITLE: u32 = 56;
/// A line of the legend; the sample of its curve; what an average letter takes.
const LEGEND_LINE: u32 = 22;
const SAMPLE: i32 = 26;
const LETTER: u32 = 8;

/// Colours that are told apart also by those who do not see all of them (after Okabe and Ito), on white.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];
const INK: RGBColor = RGBColor(40, 40, 40);
const FAINT: RGBColor = RGBColor(225, 225, 225);

impl Curve {
    /// The curves of one stream: one for each kind of cache.
    pub(crate) fn of_stream(rows: &[Row]) -> Vec<Self> {
        let mut curves: Vec<Self> = Vec::new();
        for row in rows {
            let name = format!("{} ({})", row.trace, row.setup.kind.name());
            let at = curves.iter().position(|curve| curve.name == name).unwrap_or_else(|| {
                curves.push(Self { name, points: Vec::new() });
                curves.len() - 1
            });
            curves[at].points.push((figure(row.setup.capacity), row.hit_ratio() * 100.0));
        }
        for curve in &mut curves {
            curve.points.sort_by(|one, other| one.0.total_cmp(&other.0));
        }
        curves
    }

    fn last_ratio(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.1)
    }
}

/// Draws all curves, of which there is at least one.
pub(crate) fn svg(mut curves: Vec<Curve>) -> Drawn<String> {
    // As they end at the right, beside the legend.
    curves.sort_by(|one, other| other.last_ratio().total_cmp(&one.last_ratio()));
    let mut text = String::new();
    draw(&curves, &SVGBackend::with_string(&mut text, size(&curves)).into_drawing_area())?;
    Ok(text)
}

/// Big enough for the legend too.
fn size(curves: &[Curve]) -> (u32, u32) {
    let longest = curves.iter().map(|curve| curve.name.chars().count()).max().unwrap_or(0);
    let legend = LEGEND_LINE * (u32::try_from(curves.len()).unwrap_or(u32::MAX / LEGEND_LINE) + 1);
    let letters = LETTER * u32::try_from(longest).unwrap_or(0);
    (PLOT.0 + letters + 70, TITLE + PLOT.1.max(legend))
}

fn draw(curves: &[Curve], canvas: &Area<'_>) -> Drawn {
    canvas.fill(&WHITE)?;
    let (head, body) = canvas.split_vertically(TITLE);
    let (plot, legend) = body.split_horizontally(PLOT.0);
    head.draw_text("Hit ratio over capacity", &letters(22.0, HPos::Left), (20, 30))?;
    draw_legend(curves, &legend)?;
    draw_plot(curves, &plot)?;
    Ok(canvas.present()?)
}

fn letters(size: f64, align: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK).pos(Pos::new(align, VPos::Center))
}

fn draw_plot(curves: &[Curve], area: &Area<'_>) -> Drawn {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let capacities = Axis::for_capacities(points().map(|point| point.0));
    let ratios = Axis::for_percent(points().map(|point| point.1));
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(58)
        .build_cartesian_2d(capacities, ratios)?;
    draw_mesh(&mut chart)?;
    for (number, curve) in curves.iter().enumerate() {
        let points = curve.points.iter().copied();
        chart.draw_series(LineSeries::new(points.clone(), colour(number).stroke_width(2)))?;
        chart.draw_series(points.map(|at| Circle::new(at, 4, marker(number))))?;
    }
    Ok(())
}

fn draw_mesh(chart: &mut ChartContext<'_, SVGBackend<'_>, Cartesian2d<Axis, Axis>>) -> Drawn {
    chart
        .configure_mesh()
        .x_desc("Capacity (entries)")
        .y_desc("Hit ratio")
        .bold_line_style(FAINT)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(("sans-serif", 14).into_font().color(&INK))
        .axis_desc_style(("sans-serif", 15).into_font().color(&INK))
        .draw()?;
    Ok(())
}

fn draw_legend(curves: &[Curve], area: &Area<'_>) -> Drawn {
    for (number, curve) in curves.iter().enumerate() {
        let height = i32::try_from(LEGEND_LINE)? * (i32::try_from(number)? + 1);
        let line = [(0, height), (SAMPLE, height)];
        area.draw(&PathElement::new(line, colour(number).stroke_width(2)))?;
        area.draw(&Circle::new((SAMPLE / 2, height), 4, marker(number)))?;
        area.draw_text(&curve.name, &letters(15.0, HPos::Left), (SAMPLE + 8, height))?;
    }
    Ok(())
}

fn colour(number: usize) -> RGBColor {
    COLOURS[number % COLOURS.len()]
}

/// Points are full as long as the colours suffice, then hollow, then full again.
fn marker(number: usize) -> ShapeStyle {
    let hollow = number / COLOURS.len() % 2 == 1;
    if hollow { colour(number).stroke_width(2) } else { colour(number).filled() }
}
