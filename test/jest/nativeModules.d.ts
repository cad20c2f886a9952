export function forgetModules(folder: string): void;
