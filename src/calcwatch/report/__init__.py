"""What people see: a page, a report on paper, pictures with marks, and the explanation of a suggestion."""
