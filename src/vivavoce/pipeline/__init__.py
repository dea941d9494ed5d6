"""What we learn: from a finished interview to its transcript, and to what is made of that."""
