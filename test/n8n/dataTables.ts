import type { N8nRest } from './rest';

export type Row = Record<string, string | number | boolean | null>;

export type ColumnType = 'string' | 'number' | 'boolean' | 'date';

/** A data table of n8n, as a user makes one. */
export type DataTable = Awaited<ReturnType<typeof createDataTable>>;

export async function createDataTable(
	rest: N8nRest,
	name: string,
	columns: Record<string, ColumnType>,
	rows: Row[] = [],
) {
	const project = await rest.call<{ id: string }>('GET', '/projects/personal');
	const tables = `/projects/${project.id}/data-tables`;
	const { id } = await rest.call<{ id: string }>('POST', tables, {
		name,
		columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
	});
	const add = async (data: Row[]) =>
		void (await rest.call('POST', `${tables}/${id}/insert`, { data, returnType: 'count' }));
	if (rows.length > 0) await add(rows);
	const equals = (columnName: string, value: string) => ({
		type: 'and',
		filters: [{ columnName, condition: 'eq', value }],
	});
	return {
		id,
		add,
		/** All rows, oldest first, without the columns that n8n adds but `id`. */
		async rows(): Promise<Row[]> {
			const { data } = await rest.call<{ data: Row[] }>('GET', `${tables}/${id}/rows?sortBy=id:asc`);
			return data.map(({ createdAt: _created, updatedAt: _updated, ...row }) => row);
		},
		/** Changes the rows in which a column has a value. */
		async change(column: string, value: string, changes: Row) {
			await rest.call('PATCH', `${tables}/${id}/rows`, { filter: equals(column, value), data: changes });
		},
		async remove(column: string, value: string) {
			const filter = encodeURIComponent(JSON.stringify(equals(column, value)));
			await rest.call('DELETE', `${tables}/${id}/rows?filter=${filter}`);
		},
		/** Puts other rows in the place of all. */
		async replace(rows: Row[]) {
			const all = { type: 'and', filters: [{ columnName: 'id', condition: 'gte', value: 0 }] };
			await rest.call('DELETE', `${tables}/${id}/rows?filter=${encodeURIComponent(JSON.stringify(all))}`);
			if (rows.length > 0) await add(rows);
		},
		async removeColumn(column: string) {
			const all = await rest.call<Array<{ id: string; name: string }>>('GET', `${tables}/${id}/columns`);
			const found = all.find(({ name: each }) => each === column);
			await rest.call('DELETE', `${tables}/${id}/columns/${found?.id}`);
		},
	};
}
