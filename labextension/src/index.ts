import { clientPlugin } from './connection';
import { drivePlugin } from './drive';
import { sidebarPlugin } from './sidebar';

export * from './tokens';

export default [clientPlugin, drivePlugin, sidebarPlugin];
