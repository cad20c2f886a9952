import type { CustomSeriesOption, EChartsOption } from 'echarts';
import { init } from 'echarts';
import { readable } from './readable';
import type { Plot } from './results';

type BarPlot = Extract<Plot, { kind: 'bars' }>;
type LinePlot = Extract<Plot, { kind: 'lines' }>;

const WIDTH = 760;
/** On the wide side: without a browser the width of a text is not known. */
const CHARACTER_WIDTH = 7;
const BAR_STEP = 30;
const LEGEND_STEP = 20;
const INK = '#1f2328';
const OURS = ['#0969da', '#1a7f37'];
const OTHERS = ['#8c959f', '#bf8700', '#8250df', '#bc4c00'];

/** White behind everything, so that a plot can be read on a dark page too. */
const common = (title: string) => ({
	animation: false,
	backgroundColor: '#ffffff',
	textStyle: { fontFamily: 'system-ui, sans-serif', color: INK },
	title: { text: title, left: 16, top: 12, textStyle: { fontSize: 16, color: INK } },
});

const axisLabel = { color: INK, fontSize: 12 };
const noLine = { show: false };

/** Each value as a bar, with the interval of its median as a line in it. */
function bars({ title, unit, bars: all }: BarPlot): EChartsOption {
	const widthOf = (texts: string[]): number =>
		Math.max(...texts.map(({ length }) => length)) * CHARACTER_WIDTH + 30;
	const labels = all.map(({ label }) => label);
	const figures = all.map(({ value }) => `${readable(value)} ${unit}`);
	/** The interval and the figure, which stands behind both bar and interval. */
	const renderItem: CustomSeriesOption['renderItem'] = ({ dataIndex }, api) => {
		const { value, low = value, high = value } = all[dataIndex] ?? { value: NaN };
		const [[x1, y], [x2], [end]] = [low, high, Math.max(value, high)].map((each) =>
			api.coord([each, dataIndex]),
		) as [[number, number], [number], [number]];
		return {
			type: 'group',
			children: [
				{ type: 'line', shape: { x1, x2, y1: y, y2: y }, style: { stroke: INK, lineWidth: 2 } },
				{
					type: 'text',
					style: { text: figures[dataIndex], x: end + 8, y, verticalAlign: 'middle', fill: INK },
				},
			],
		};
	};
	return {
		...common(title),
		grid: { left: widthOf(labels), right: widthOf(figures), top: 46, height: all.length * BAR_STEP },
		xAxis: {
			type: 'value',
			max: Math.max(...all.map(({ value, high = value }) => Math.max(value, high))),
			axisLabel: noLine,
			splitLine: noLine,
		},
		yAxis: {
			type: 'category',
			inverse: true,
			data: labels,
			axisLabel,
			axisLine: noLine,
			axisTick: noLine,
		},
		series: [
			{
				type: 'bar',
				barWidth: BAR_STEP - 10,
				data: all.map(({ value, isOurs }) => ({
					value,
					itemStyle: { color: isOurs ? OURS[0] : OTHERS[0] },
				})),
			},
			{ type: 'custom', renderItem, data: all.map(({ value }, index) => [value, index]) },
		],
	};
}

/** Each series as a line with its points. */
function lines({ title, xTitle, yTitle, logarithmic, series }: LinePlot): EChartsOption {
	const [ours, others] = [[...OURS], [...OTHERS]];
	const axis = {
		type: logarithmic ? 'log' : 'value',
		axisLabel: { ...axisLabel, formatter: (value: number) => value.toLocaleString('en-US') },
		nameTextStyle: axisLabel,
	} as const;
	return {
		...common(title),
		grid: { left: 70, right: 32, top: 70, height: 320 },
		legend: { orient: 'vertical', left: 70, top: 430, itemGap: 6, textStyle: axisLabel },
		xAxis: { ...axis, name: xTitle, nameLocation: 'middle', nameGap: 28, splitLine: noLine },
		yAxis: { ...axis, name: yTitle, nameTextStyle: { ...axisLabel, align: 'left' } },
		series: series.map(({ label, points, isOurs }) => ({
			type: 'line',
			name: label,
			data: points,
			symbol: 'circle',
			symbolSize: 7,
			color: (isOurs ? ours : others).shift(),
			lineStyle: { width: isOurs ? 3 : 2 },
		})),
	};
}

/** Draws a plot as the text of an SVG file. */
export function drawPlot(plot: Plot): string {
	const height =
		plot.kind === 'bars' ? 62 + plot.bars.length * BAR_STEP : 440 + plot.series.length * LEGEND_STEP;
	const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
	chart.setOption(plot.kind === 'bars' ? bars(plot) : lines(plot));
	const svg = chart.renderToSVGString();
	// An open chart keeps the process from ending.
	chart.dispose();
	return `${svg}\n`;
}
