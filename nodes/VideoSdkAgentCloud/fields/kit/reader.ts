import {
	type IDataObject,
	type IExecuteFunctions,
	type INodeParameters,
	type INodeProperties,
	type INodePropertyCollection,
	NodeOperationError,
} from 'n8n-workflow';
import { type Blank, type Field, type TextOf } from './field';
import { asList, asNumber, isExpression, unwrap } from './values';

/** An expression that was typed into a field that is set to Fixed. */
const TYPED_EXPRESSION = /\{\{.*\}\}/s;
/** An expression in a free text, which may also hold the agent's own placeholders, such as `{{ name }}`. */
const N8N_EXPRESSION = /\{\{\s*\$/;

/** The properties of a field by which its value is found. */
type FieldName = Pick<INodeProperties, 'name' | 'default'>;

/**
 * Reads fields of one input item. Each method takes the field's description, so that its label, range and options are written once. For a
 * switch, number or choice without a value, the default counts, even if an older workflow lacks the field, or the option wasn't added.
 * Each method throws a NodeOperationError that names the field and the item if the value can't be used.
 */
export abstract class FieldReader {
	/** @param itemIndex the input item, counted from 0 as n8n does */
	constructor(
		readonly context: IExecuteFunctions,
		readonly itemIndex: number,
	) {}

	/** @returns the value of the field or of its expression */
	abstract raw(field: FieldName): unknown;
	/** @returns what the user has entered: the expression itself, not its value */
	abstract entered(field: FieldName): unknown;

	/** Makes the error for a value that can't be used. actions/run adds the item to it. @param what names the field */
	fail(what: string, nextStep: string): NodeOperationError {
		const { context, itemIndex } = this;
		return new NodeOperationError(context.getNode(), what, { description: nextStep, itemIndex });
	}

	/** @returns whether there is a value. @throws NodeOperationError if there is none, and the field's policy refuses that */
	private isGiven(field: Field, hasValue: boolean): boolean {
		if (hasValue || field.blank === 'default') return hasValue;
		if (field.blank === 'refused' && !isExpression(this.entered(field))) return false;
		const what = field.type === 'multiOptions' ? 'Select at least one option' : 'Enter a value';
		throw this.fail(
			`'${field.displayName}' is empty`,
			`${what} in '${field.displayName}'. If it contains an expression, check that the incoming item has a value for it.`,
		);
	}

	/** @returns the value of the field, of a resource locator the chosen one; undefined if it's blank and not required */
	given(field: Field): unknown {
		const value = unwrap(this.raw(field)) ?? '';
		return this.isGiven(field, typeof value !== 'string' || value.trim() !== '') ? value : undefined;
	}

	/** @returns whether the value of a locator was selected in its list */
	isFromList(field: FieldName): boolean {
		return (this.raw(field) as IDataObject | null | undefined)?.mode === 'list';
	}

	/** @returns the text, trimmed; undefined if it is blank and not required */
	text<B extends Blank>(field: Field<B>): TextOf<B>;
	text(field: Field): string | undefined {
		const value = this.given(field);
		if (value === undefined) return undefined;
		// If an expression gives text in place of a collection, its fields are functions of that text, such as `search`.
		if (typeof value === 'object' || typeof value === 'function') {
			throw this.fail(
				`'${field.displayName}' isn't text`,
				'Its expression must return a single value, not an object or a list.',
			);
		}
		const text = String(value as unknown).trim();
		const isFree = field.blank === 'default' && field.type !== 'resourceLocator';
		this.refuseUnevaluated(`'${field.displayName}'`, this.entered(field), isFree);
		return text;
	}

	/**
	 * Reads a URL.
	 *
	 * @param nextStep what to do if the value isn't one
	 * @param label the name of the field in messages
	 * @param schemes how the URL may begin, in words
	 * @returns the absolute http(s) URL; undefined if it is blank and not required
	 */
	url<B extends Blank>(
		field: Field<B>,
		nextStep: string,
		label = `'${field.displayName}'`,
		schemes = 'https:// or http://',
	): TextOf<B> {
		const text = this.text(field);
		if (text === undefined || (/^https?:\/\//i.test(text) && URL.canParse(text))) return text;
		throw this.fail(`${label} must be a URL that starts with ${schemes}`, nextStep);
	}

	/**
	 * Refuses a value that was meant to be an expression, but would be sent as text, because it was pasted while the field is set to Fixed,
	 * or lacks its "=" in a generated workflow.
	 *
	 * @param what names the field
	 * @param entered the value in the workflow
	 * @param isFree whether the value may be any text
	 */
	refuseUnevaluated(what: string, entered: unknown, isFree = true): void {
		const shown = unwrap(entered);
		const pattern = isFree ? N8N_EXPRESSION : TYPED_EXPRESSION;
		if (typeof shown !== 'string' || shown.startsWith('=') || !pattern.test(shown)) return;
		throw this.fail(
			`${what} contains an expression, but is set to Fixed`,
			'Hover over the field, and switch from Fixed to Expression.',
		);
	}

	/** @returns the value of a JSON text. @param instead the setting for a value that isn't JSON, in words */
	parse(field: Field, json: string, instead: string): unknown {
		try {
			return JSON.parse(json) as unknown;
		} catch (error) {
			throw this.fail(
				`'${field.displayName}' isn't valid JSON`,
				`Correct it (${(error as Error).message}), or set ${instead}.`,
			);
		}
	}

	/** @returns the entries, which an expression may also give as one text with commas */
	list(field: Field): string[] {
		const entries = asList(unwrap(this.raw(field)));
		this.isGiven(field, entries.length > 0);
		return entries;
	}

	/** @returns the values of a collection; empty if nothing was added to it */
	group(field: Field): IDataObject {
		const value = this.raw(field);
		this.isGiven(field, typeof value === 'object' && value !== null);
		return (value ?? {}) as IDataObject;
	}

	/** @returns a reader for each entry of a collection with one group of fields. If it can have one entry only, n8n stores no list */
	entries(field: Field): CollectionReader[] {
		const [{ name }] = field.options as [INodePropertyCollection];
		const given = [this.group(field)[name] || []].flat() as IDataObject[];
		const entered = [(this.entered(field) as IDataObject | undefined)?.[name] ?? []].flat() as IDataObject[];
		return given.map((values, index) => new CollectionReader(this, values, entered[index]));
	}

	/** @returns the chosen value of the field's options. @template T the type of the values */
	choice<T extends string>(field: Field): T {
		const text = this.text(field);
		return text === undefined ? (field.default as T) : this.optionOf<T>(field, text, 'is');
	}

	/** @returns the chosen values of the field's options; none if the field is blank and not required */
	choices<T extends string>(field: Field): T[] {
		return this.list(field).map((entry) => this.optionOf<T>(field, entry, 'contains'));
	}

	/** @returns the option's value, found regardless of case if no other field depends on the choice */
	private optionOf<T extends string>(field: Field, text: string, verb: 'contains' | 'is'): T {
		const values = (field.options ?? []).map((option) => ('value' in option ? String(option.value) : ''));
		// If other fields depend on the choice, its spelling has to be exact, because n8n has otherwise dropped their values
		// (NodeHelpers.displayParameter).
		const value = values.find(
			(one) => one === text || (!field.noDataExpression && one.toLowerCase() === text.toLowerCase()),
		);
		if (value !== undefined) return value as T;
		throw this.fail(
			`'${field.displayName}' ${verb} '${text}', which isn't one of its options`,
			`Use ${values.map((one) => `'${one}'`).join(', ')}.`,
		);
	}

	/** Reads a switch, whose value may also be text, because a spreadsheet holds nothing else. */
	flag(field: Field): boolean {
		const text = this.text(field)?.toLowerCase();
		if (text === undefined) return field.default === true;
		if (text === 'true' || text === 'false') return text === 'true';
		throw this.fail(
			`'${field.displayName}' is '${text}', but must be true or false`,
			'Its expression must return true or false.',
		);
	}

	/** @returns a number within the field's range, which by default begins with 1 */
	number(field: Field, maximum = field.typeOptions?.maxValue ?? Infinity): number {
		const given = this.given(field);
		if (given === undefined) return Number(field.default);
		const minimum = field.typeOptions?.minValue ?? 1;
		const value = asNumber(given);
		if (Number.isFinite(value) && value >= minimum && value <= maximum) return value;
		const range =
			maximum === Infinity ? `(${minimum} or more)` : `from ${minimum} to ${maximum.toLocaleString('en-US')}`;
		throw this.fail(
			`'${field.displayName}' must be a number ${range}`,
			`Enter a number ${range} in '${field.displayName}'.`,
		);
	}

	/** Reads a number as `number` does, without its fraction. */
	count(field: Field, maximum?: number): number {
		return Math.floor(this.number(field, maximum));
	}
}

/** Reads a collection, such as Options. */
export class CollectionReader extends FieldReader {
	constructor(
		{ context, itemIndex }: FieldReader,
		readonly values: IDataObject,
		readonly enteredValues: IDataObject = {},
	) {
		super(context, itemIndex);
	}

	has({ name }: FieldName): boolean {
		return name in this.values;
	}

	raw({ name }: FieldName): unknown {
		return this.values[name];
	}

	entered({ name }: FieldName): unknown {
		return this.enteredValues[name];
	}
}

/** @returns whether a value, or anything in it, is an expression */
function holdsExpression(entered: unknown): boolean {
	if (typeof entered === 'string') return entered.startsWith('=');
	return typeof entered === 'object' && entered !== null && Object.values(entered).some(holdsExpression);
}

/**
 * The parameters of a node in one of its runs. n8n takes about as long to read one as to send a request, so one without an expression is
 * read once for all items. What is read must not be changed.
 */
export class RunParameters {
	/** What the user has entered. n8n copies the whole node each time it's asked for. */
	readonly entered: INodeParameters;
	/** The values of parameters without an expression, by name. */
	private readonly fixed = new Map<string, unknown>();
	/** The names of the others, which may have another value for each item. */
	private readonly varying = new Set<string>();

	constructor(private readonly context: IExecuteFunctions) {
		this.entered = context.getNode().parameters;
	}

	/** @returns whether a parameter is the same for all items. If it's missing, its default counts, which may be an expression */
	private isFixed(name: string): boolean {
		if (this.fixed.has(name)) return true;
		const entered = this.entered[name];
		const isVarying = this.varying.has(name) || entered === undefined || holdsExpression(entered);
		if (isVarying) this.varying.add(name);
		return !isVarying;
	}

	/** @returns the value of a parameter for one item */
	valueOf({ name, default: fallback }: FieldName, itemIndex: number): unknown {
		const read = () => this.context.getNodeParameter(name, itemIndex, fallback) as unknown;
		if (!this.isFixed(name)) return read();
		if (!this.fixed.has(name)) this.fixed.set(name, read());
		return this.fixed.get(name);
	}
}

/** Reads the parameters of an operation. */
export class ItemReader extends FieldReader {
	/**
	 * @param itemIndex the input item, counted from 0 as n8n does
	 * @param parameters those of the run, which its items share
	 */
	constructor(
		context: IExecuteFunctions,
		itemIndex: number,
		private readonly parameters = new RunParameters(context),
	) {
		super(context, itemIndex);
	}

	raw(field: FieldName): unknown {
		return this.parameters.valueOf(field, this.itemIndex);
	}

	/** Reads a collection of fields, such as Options. */
	collection(field: FieldName): CollectionReader {
		const entered = (this.entered(field) ?? {}) as IDataObject;
		return new CollectionReader(this, (unwrap(this.raw(field)) ?? {}) as IDataObject, entered);
	}

	entered({ name }: FieldName): unknown {
		return this.parameters.entered[name];
	}
}
