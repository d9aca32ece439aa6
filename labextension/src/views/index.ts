/** The side panel's tabs, in their order: one view a line. */

import { blocks } from './blocks';
import { data } from './data';
import { graph } from './graph';
import { plan } from './plan';
import { variables } from './variables';
import type { IView } from './view';

export const VIEWS: readonly IView[] = [graph, blocks, data, plan, variables];
