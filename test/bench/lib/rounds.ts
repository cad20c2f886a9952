/** Measurements by the name of what was measured, one a round. */
export type Measurements<Name extends string> = Record<Name, number[]>;

/**
 * Measures several things in turn, A B C A B C ..., so that whatever disturbs the machine meets them alike. Each round begins
 * with another one, so that none always follows the same one.
 *
 * @param measure yields the figure, or undefined if this one is left out in this round
 */
export async function interleave<Name extends string>(
	names: readonly Name[],
	rounds: number,
	measure: (name: Name, round: number) => Promise<number | undefined>,
): Promise<Measurements<Name>> {
	const measurements = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Measurements<Name>;
	for (let round = 0; round < rounds; round++) {
		for (let place = 0; place < names.length; place++) {
			const name = names[(place + round) % names.length] as Name;
			const value = await measure(name, round);
			if (value !== undefined) measurements[name].push(value);
		}
	}
	return measurements;
}
