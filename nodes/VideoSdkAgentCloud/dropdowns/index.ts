import { searchTools, searchTriggers } from './knownTriggers';
import * as records from './records';

const { getDeployments, getPhoneNumbers, ...searches } = records;

/** The searches that fill "From List" of resource locators, by the names that fields have in `searchListMethod`. */
export const LISTS = { ...searches, searchTools, searchTriggers };

/** The functions that fill the options of fields with several choices, by the names that fields have in `loadOptionsMethod`. */
export const LOAD_OPTIONS = { getDeployments, getPhoneNumbers };
