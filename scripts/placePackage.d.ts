export function findN8nFolder(path: string): string;
export function placePackage(
	packageFolder: string,
	n8nFolder: string,
): { name: string; version: string; former?: string };
export function removePackage(name: string, n8nFolder: string): boolean;
