import { searchTools, searchTriggers } from './knownTriggers';
import * as records from './records';

const { getDeployments, getPhoneNumbers, ...searches } = records;

/** What fills "From List" of locators, by the names that fields use in `searchListMethod`. */
export const LISTS = { ...searches, searchTools, searchTriggers };

/** What fills fields in which several are chosen, by the names that fields use in `loadOptionsMethod`. */
export const LOAD_OPTIONS = { getDeployments, getPhoneNumbers };
