"""What every service needs and no service owns: the public language, the line from topic to database, the edges."""
