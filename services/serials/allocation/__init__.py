"""Standing demands and the free stock that serves them, and every act after which somebody may get stock."""
