/** The side panel's tabs, in their order: one view a line. */

import { blocks } from './blocks';
import { graph } from './graph';
import type { IView } from './view';

export const VIEWS: readonly IView[] = [graph, blocks];
