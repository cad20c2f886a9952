const { mkdir, rename, rm, writeFile } = require('node:fs/promises');
const { dirname } = require('node:path');
const esbuild = require('esbuild');
const gulp = require('gulp');

const NODES = 'nodes/VideoSdkAgentCloud';
/** Built here and then put in place at once, so that whoever uses dist/ meanwhile finds it whole. */
const BUILD = 'dist.new';

/** n8n-workflow is n8n's own; everything else is put into the package, whose `dependencies` must stay empty. */
const common = {
	bundle: true,
	platform: 'node',
	format: 'cjs',
	target: 'node20',
	logLevel: 'warning',
	// import() of our own files becomes a lazy require().
	supported: { 'dynamic-import': false },
};

/**
 * Stands in for the built-in modules that jsonwebtoken names but does not need to sign a token: n8n's scanner lets a community
 * node load nothing but `crypto`.
 */
const withoutBuiltIns = {
	name: 'without-built-ins',
	setup(build) {
		const stubs = {
			buffer: 'exports.Buffer = Buffer;',
			stream: 'module.exports = class Stream {};',
			util: `
				exports.inherits = (child, parent) => Object.setPrototypeOf(child.prototype, parent.prototype);
				exports.format = (template, ...values) => template.replace(/%s/g, () => values.shift());`,
			// Asked only whether Node.js is newer than version 15, which any n8n is.
			semver: 'exports.satisfies = () => true;',
		};
		build.onResolve({ filter: /^(buffer|stream|util|semver)$/ }, ({ path }) => ({ path, namespace: 'stub' }));
		build.onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({
			contents: stubs[path],
			loader: 'js',
		}));
	},
};

async function clean() {
	await rm(BUILD, { recursive: true, force: true });
}

/** Half the size, and still readable after a formatter: names are kept. */
const compact = { minifyWhitespace: true, minifySyntax: true };

/**
 * One file for each node and one for what they share: n8n loads few files, and no code twice. esbuild can share code between
 * ES modules only, so the CommonJS that n8n loads is made from those.
 */
async function bundleNodes() {
	const { outputFiles } = await esbuild.build({
		...common,
		...compact,
		entryPoints: [`${NODES}/VideoSdkAgentCloud.node.ts`, `${NODES}/VideoSdkAgentCloudTrigger.node.ts`],
		format: 'esm',
		splitting: true,
		chunkNames: `${NODES}/shared`,
		outdir: BUILD,
		outbase: '.',
		external: ['n8n-workflow'],
		write: false,
	});
	for (const { path, text } of outputFiles) {
		const { code } = await esbuild.transform(text, { ...compact, format: 'cjs', target: common.target });
		await mkdir(dirname(path), { recursive: true });
		await writeFile(path, code);
	}
}

async function bundleCredential() {
	await esbuild.build({
		...common,
		...compact,
		entryPoints: ['credentials/VideoSdkAgentCloudApi.credentials.ts'],
		outdir: BUILD,
		outbase: '.',
		external: ['n8n-workflow', './signToken'],
	});
}

/** The token signer, with jsonwebtoken in it: loaded with the first request only. */
async function bundleSigner() {
	await esbuild.build({
		...common,
		entryPoints: ['credentials/signToken.ts'],
		outfile: `${BUILD}/credentials/signToken.js`,
		minify: true,
		plugins: [withoutBuiltIns],
		define: {
			'process.env.NODE_DEBUG': 'undefined',
			'process.version': '"v20.0.0"',
			'process.nextTick': 'queueMicrotask',
			process: 'undefined',
		},
	});
}

/** Icons, codex files and output schemas are found beside the code. */
function copyAssets() {
	return gulp
		.src(['icons/*.svg', `${NODES}/*.node.json`, `${NODES}/__schema__/**/*.json`], {
			base: '.',
			encoding: false,
		})
		.pipe(gulp.dest(BUILD));
}

async function putInPlace() {
	await rm('dist', { recursive: true, force: true });
	await rename(BUILD, 'dist');
}

exports.build = gulp.series(
	clean,
	gulp.parallel(bundleNodes, bundleCredential, bundleSigner, copyAssets),
	putInPlace,
);
exports.default = exports.build;
