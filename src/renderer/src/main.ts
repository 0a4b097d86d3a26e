import ui from '@nuxt/ui/vue-plugin'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { z } from 'zod'
import App from './App.vue'
import { router } from './router.ts'
import './styles/main.css'

// Zod would compile its parsers with `new Function`, which the content policy refuses.
z.config({ jitless: true })

createApp(App).use(createPinia()).use(router).use(ui).mount('#app')
