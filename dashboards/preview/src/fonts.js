// Grafana's fonts, with the alphabets that the dashboards use.
import '@fontsource/inter/latin-400.css';
import '@fontsource/inter/latin-500.css';
import '@fontsource/inter/cyrillic-400.css';
import '@fontsource/inter/cyrillic-500.css';
import '@fontsource/inter/cyrillic-ext-400.css';
import '@fontsource/inter/cyrillic-ext-500.css';
import '@fontsource/roboto-mono/latin-400.css';
import '@fontsource/roboto-mono/cyrillic-400.css';
