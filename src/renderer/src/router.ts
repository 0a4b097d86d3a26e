import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'

/** Each view is loaded when it is first opened, so that the first window is small. */
const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: () => import('./views/HomeView.vue') },
  { path: '/import', name: 'import', component: () => import('./views/ImportView.vue') },
  { path: '/models', name: 'models', component: () => import('./views/ModelsView.vue') },
  { path: '/runs', name: 'all-runs', component: () => import('./views/RunsView.vue') },
  { path: '/predict', name: 'predict', component: () => import('./views/PredictView.vue') },
  { path: '/queue', name: 'queue', component: () => import('./views/QueueView.vue') },
  { path: '/settings/:section?', name: 'settings', component: () => import('./views/SettingsView.vue') },
  { path: '/projects/:id', name: 'project', component: () => import('./views/ProjectView.vue'), props: true },
  { path: '/projects/:id/data', name: 'data', component: () => import('./views/DataView.vue'), props: true },
  { path: '/projects/:id/runs', name: 'runs', component: () => import('./views/RunsView.vue'), props: true },
  {
    path: '/projects/:id/new-run',
    name: 'new-run',
    component: () => import('./views/NewRunView.vue'),
    props: true,
  },
  { path: '/runs/:id', name: 'run', component: () => import('./views/LiveRunView.vue'), props: true },
  {
    path: '/runs/:id/results',
    name: 'results',
    component: () => import('./views/ResultsView.vue'),
    props: true,
  },
  {
    path: '/runs/:id/export',
    name: 'export',
    component: () => import('./views/ExportView.vue'),
    props: true,
  },
  { path: '/:rest(.*)*', name: 'nowhere', component: () => import('./views/NowhereView.vue') },
]

export const router = createRouter({ history: createWebHistory(), routes })
