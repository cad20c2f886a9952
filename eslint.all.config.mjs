import { config as n8nNodeCli } from '@n8n/node-cli/eslint';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const published = ['package.json', '{nodes,credentials}/**/*.ts'];

// The rules of `npm run lint`. n8n's tools want its template as eslint.config.mjs, unchanged.
export default defineConfig(
	globalIgnores(['dist', 'dist.new', 'coverage']),
	// What n8n's reviewers check, on what is published only: tests may use what a node may not.
	{ files: published, extends: [n8nNodeCli] },
	{
		files: ['**/*.{ts,js,mjs}'],
		ignores: published,
		extends: [tseslint.configs.recommended],
		rules: { '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }] },
	},
	{
		files: ['**/*.ts'],
		rules: {
			'@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
			eqeqeq: 'error',
		},
	},
	// What serves nothing but a narrower or shorter layout. Prettier breaks code at 110 columns, but no comment.
	{
		files: ['**/*.{ts,js,mjs}'],
		rules: {
			'no-restricted-syntax': [
				'error',
				{
					selector: 'ObjectExpression > SpreadElement > ObjectExpression.argument',
					message: 'Write the properties themselves.',
				},
				{
					selector: 'ArrayExpression > SpreadElement > ArrayExpression.argument',
					message: 'Write the elements themselves.',
				},
			],
			'max-len': [
				'error',
				{
					code: 110,
					comments: 140,
					tabWidth: 2,
					ignoreStrings: true,
					ignoreTemplateLiterals: true,
					ignoreRegExpLiterals: true,
				},
			],
		},
	},
	// One import for each module.
	{
		files: [
			'nodes/**/fields/**/*.ts',
			'nodes/**/dropdowns/*.ts',
			'nodes/**/actions/waitForAll.ts',
			'nodes/**/actions/*/*.ts',
		],
		rules: { 'import-x/no-duplicates': ['error', { 'prefer-inline': true }] },
	},
	// Programs that load n8n's own packages choose at run time from where.
	{ files: ['test/**/*.ts', '**/*.js'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
);
